import type { Duplex } from 'node:stream';
import type pg from 'pg';
import { CopyWire } from './copy-wire.ts';
import { takeReads } from '../session/raw-reads.ts';
import { rowSum, type RowTotal } from './row-sum.ts';

const blockBytes = 1 << 20;
/** Whole blocks that wait; then the server waits. */
const most = 2;

/** What the driver needs of a query of ours; its types do not know it. */
interface Submitted {
  submit(connection: { readonly stream: Duplex; query(text: string): void }): void;
  handleError(error: Error): void;
  handleCommandComplete(message: { readonly text?: string }): void;
  handleReadyForQuery(): void;
}

/**
 * One `COPY … TO STDOUT`: the driver sees all but the rows, which are taken from the socket as they lie there, since a message for each row in
 * JavaScript costs more than everything else together. To be read to its end by one reader.
 */
export class CopyOut implements Submitted {
  readonly #sql: string;
  readonly #sum = rowSum();
  readonly #whole: Uint8Array<ArrayBuffer>[] = [];
  #block = emptyBlock();
  #filled = 0;
  #stream: Duplex | undefined;
  #leave: (() => void) | undefined;
  #counted: number | undefined;
  #ended: { readonly error: Error | undefined } | undefined;
  #changed: (() => void) | undefined;

  constructor(sql: string) {
    this.#sql = sql;
  }

  /** What the server says that it sent; undefined before the end. */
  get counted(): number | undefined {
    return this.#counted;
  }

  /** The rows' sum. Throws RangeError where the last one had no end. */
  total(): RowTotal {
    return this.#sum.end();
  }

  submit(connection: Parameters<Submitted['submit']>[0]): void {
    this.#stream = connection.stream;
    const reads = takeReads(connection.stream, (piece) => wire.take(piece));
    const wire = new CopyWire(this.#sum, { rows: (bytes) => this.#keep(bytes), others: reads.giveOn });
    this.#leave = () => {
      wire.over();
      reads.giveBack();
    };
    connection.query(this.#sql);
  }

  /** Blocks of 1 MiB and at last a shorter one, which are the reader's own. Rejects with what the server or the connection said. */
  async *blocks(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for (;;) {
      const block = this.#whole.shift();
      if (block !== undefined) {
        if (this.#whole.length < most) this.#stream?.resume();
        yield block;
        continue;
      }
      if (this.#ended !== undefined) break;
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
    if (this.#ended.error !== undefined) throw this.#ended.error;
    if (this.#filled > 0) yield this.#block.slice(0, this.#filled);
    this.#filled = 0;
  }

  #keep(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const piece = bytes.subarray(at, at + blockBytes - this.#filled);
      this.#block.set(piece, this.#filled);
      this.#filled += piece.length;
      at += piece.length;
      if (this.#filled < blockBytes) continue;
      this.#whole.push(this.#block);
      this.#block = emptyBlock();
      this.#filled = 0;
      if (this.#whole.length >= most) this.#stream?.pause();
      this.#wake();
    }
  }

  handleCommandComplete({ text }: { readonly text?: string }): void {
    const counted = /^COPY (\d+)$/.exec(text ?? '')?.[1];
    if (counted !== undefined) this.#counted = Number(counted);
  }

  handleError(error: Error): void {
    this.#end(error);
  }

  handleReadyForQuery(): void {
    this.#end(undefined);
  }

  #end(error: Error | undefined): void {
    this.#leave?.();
    this.#leave = undefined;
    this.#ended ??= { error };
    this.#stream?.resume();
    this.#wake();
  }

  #wake(): void {
    this.#changed?.();
    this.#changed = undefined;
  }
}

function emptyBlock(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.allocUnsafeSlow(blockBytes).buffer);
}

/** Begins it on a connection that does nothing else meanwhile. */
export function startCopyOut(client: pg.Client, sql: string): CopyOut {
  return client.query(new CopyOut(sql));
}
