import { Worker } from 'node:worker_threads';
import { BugError, CancelledError, fromWireError, throwIfCancelled, toWireError } from '../../base/errors.ts';
import { threadEnvironment } from '../../base/compile-cache.ts';
import type { Task } from '../../base/ports.ts';
import type { StoreDescription } from '../blob-store.ts';
import type { KeyMaterial } from '../format/crypto.ts';
import type { Framing } from '../format/table.ts';
import type { DamagedPack, GroupWriter, ManifestFields, SnapshotRecord, SnapshotWriter } from '../repository.ts';
import { Calls } from './calls.ts';
import { OPEN_GROUPS } from './messages.ts';
import type { FromWorker, GroupEnd, Link, ObjectFields, ParentSnapshot, WorkerStart, WriterCounts } from './messages.ts';
import { Turns } from './turns.ts';

export type { Link, ParentSnapshot } from './messages.ts';

/** What the writer needs of the opened repository. The caller holds the writer's lock from before until `ended` resolves. */
export interface WriterDeps {
  readonly store: StoreDescription;
  readonly keys: KeyMaterial;
  readonly chunkAverage: number;
  /** Round the last data pack of a snapshot up, so that its size does not tell how much was added: where keys protect. */
  readonly pad: boolean;
  /** Snapshot whose groups serve as delta bases. Any choice is correct; what of it cannot be read is not used. */
  readonly parent?: ParentSnapshot;
  /** What a check found: chunks in these are stored anew. */
  readonly damaged?: readonly DamagedPack[];
  /** Throws `repository.lock-lost` unless the lock is held. Asked before every file is published. */
  readonly assertHeld: () => Promise<void>;
  /** Number and link of the new manifest. Asked once, just before the manifest is written. */
  readonly link: () => Promise<Link>;
}

/** A `SnapshotWriter` whose thread can be waited for. */
export interface RunningWriter extends SnapshotWriter {
  /** Resolves when the thread has ended, whatever the reason: nothing is written after that. Never rejects. */
  readonly ended: Promise<void>;
}

/** Bytes of one group on their way to the thread before `write` waits. */
const WINDOW_BYTES = 2 << 20;
/** The thread's young generation: buffers pass through it, objects hardly do. */
const YOUNG_MB = 16;

/**
 * Starts the writer's thread, which loads the index and the parent's groups. Resolves when it takes bytes. The signal of `task`
 * aborts the writer at any time up to the manifest. Throws what loading the index throws, and `CancelledError`.
 */
export async function beginSnapshot(deps: WriterDeps, task: Task): Promise<RunningWriter> {
  throwIfCancelled(task.signal);
  const writer = new ThreadWriter(deps, task.signal);
  await writer.ready;
  return writer;
}

class ThreadWriter implements RunningWriter {
  readonly ready: Promise<void>;
  readonly ended: Promise<void>;
  readonly #deps: WriterDeps;
  readonly #worker: Worker;
  readonly #calls = new Calls();
  readonly #turns = new Turns(OPEN_GROUPS);
  readonly #onAbort: () => void;
  #groups = 0;
  #counts: WriterCounts = { bytesIn: 0, bytesStored: 0, chunks: 0, newChunks: 0 };

  constructor(deps: WriterDeps, signal: AbortSignal) {
    this.#deps = deps;
    const { store, keys, chunkAverage, pad, damaged, parent } = deps;
    const start: WorkerStart = {
      store,
      keys,
      chunkAverage,
      pad,
      ...(damaged === undefined ? {} : { damaged }),
      ...(parent === undefined ? {} : { parent }),
    };
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), {
      name: 'belay writer',
      workerData: start,
      env: threadEnvironment(),
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    const ready = Promise.withResolvers<void>();
    this.ready = ready.promise;
    this.ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        const error = new CancelledError();
        this.#calls.fail(error);
        ready.reject(this.#calls.failure ?? error);
        this.#turns.close(this.#calls.failure ?? error);
        signal.removeEventListener('abort', this.#onAbort);
        resolve();
      });
    });
    this.#worker.on('error', (error) => {
      this.#calls.fail(new BugError('The writer ended unexpectedly.', { cause: error }));
    });
    this.#worker.on('message', (message: FromWorker) => {
      if (message.type === 'ready') ready.resolve();
      else this.#receive(message);
    });
    this.#onAbort = () => {
      void this.abort();
    };
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  async group(name: string, framing: Framing): Promise<GroupWriter> {
    const leave = await this.#turns.enter();
    this.#groups += 1;
    const group = this.#groups;
    try {
      await this.#call({ type: 'open', group, name, framing });
    } catch (error) {
      leave();
      throw error;
    }
    return new ThreadGroup(group, (message, transfer) => this.#call(message, transfer), leave);
  }

  async object(row: ObjectFields): Promise<void> {
    await this.#call({ type: 'object', row });
  }

  async commit(fields: ManifestFields): Promise<SnapshotRecord> {
    const record = await this.#call({ type: 'commit', fields });
    if (record === undefined || !('seq' in record)) throw new BugError('The writer answered a commit with something else.');
    await this.abort();
    return record;
  }

  async abort(): Promise<void> {
    this.#turns.close(new CancelledError());
    this.#worker.postMessage({ type: 'abort' });
    await this.ended;
  }

  progress(): WriterCounts {
    return this.#counts;
  }

  #call(message: CallMessage, transfer: readonly ArrayBuffer[] = []): Promise<GroupEnd | SnapshotRecord | undefined> {
    return this.#calls.start((call) => {
      this.#worker.postMessage({ ...message, call }, transfer);
    });
  }

  #receive(message: Exclude<FromWorker, { type: 'ready' }>): void {
    switch (message.type) {
      case 'done':
        this.#counts = message.counts;
        this.#calls.done(message.call, message.value);
        return;
      case 'failed':
        this.#calls.failed(message.call, fromWireError(message.error));
        return;
      case 'broken':
        this.#calls.fail(fromWireError(message.error));
        return;
      case 'ask':
        void this.#answer(message.question, message.what);
        return;
    }
  }

  async #answer(question: number, what: 'held' | 'link'): Promise<void> {
    try {
      const value = what === 'link' ? await this.#deps.link() : await this.#deps.assertHeld();
      this.#worker.postMessage({ type: 'answer', question, ...(value === undefined ? {} : { value }) });
    } catch (error) {
      this.#worker.postMessage({ type: 'answer', question, error: toWireError(error) });
    }
  }
}

type CallMessage =
  | { readonly type: 'open'; readonly group: number; readonly name: string; readonly framing: Framing }
  | { readonly type: 'data'; readonly group: number; readonly bytes: Uint8Array; readonly rowEnds?: Uint32Array }
  | { readonly type: 'end'; readonly group: number }
  | { readonly type: 'object'; readonly row: ObjectFields }
  | { readonly type: 'commit'; readonly fields: ManifestFields };

type Call = (message: CallMessage, transfer?: readonly ArrayBuffer[]) => Promise<GroupEnd | SnapshotRecord | undefined>;

class ThreadGroup implements GroupWriter {
  readonly #group: number;
  readonly #call: Call;
  readonly #leave: () => void;
  readonly #onTheWay: Promise<unknown>[] = [];
  readonly #lengths: number[] = [];
  #bytes = 0;
  #ended = false;

  constructor(group: number, call: Call, leave: () => void) {
    this.#group = group;
    this.#call = call;
    this.#leave = leave;
  }

  async write(bytes: Uint8Array, rowEnds?: Uint32Array): Promise<void> {
    this.#mustBeOpen();
    if (bytes.length === 0 && rowEnds === undefined) return;
    const owned = ownMemory(bytes);
    const { length } = owned;
    const sent = this.#call({ type: 'data', group: this.#group, bytes: owned, ...(rowEnds === undefined ? {} : { rowEnds }) }, [owned.buffer]);
    // Whoever waits for room, or ends the group, awaits it and sees its error.
    sent.catch(() => undefined);
    this.#onTheWay.push(sent);
    this.#lengths.push(length);
    this.#bytes += length;
    while (this.#bytes > WINDOW_BYTES) await this.#first();
  }

  async end(): Promise<GroupEnd> {
    this.#mustBeOpen();
    this.#ended = true;
    try {
      while (this.#onTheWay.length > 0) await this.#first();
      const end = await this.#call({ type: 'end', group: this.#group });
      if (end === undefined || !('digest' in end)) throw new BugError('The writer answered the end of a group with something else.');
      return end;
    } finally {
      this.#leave();
    }
  }

  async #first(): Promise<void> {
    this.#bytes -= this.#lengths.shift() ?? 0;
    await this.#onTheWay.shift();
  }

  #mustBeOpen(): void {
    if (this.#ended) throw new BugError('The group has ended.');
  }
}

/** The bytes in an ArrayBuffer that holds nothing else, so that it can be transferred; copied where they are a part or shared. */
function ownMemory(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength) return new Uint8Array(buffer);
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return copy;
}
