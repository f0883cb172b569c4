import { AppError, throwIfCancelled } from '../../base/errors.ts';
import type { Progress } from '../../base/ports.ts';
import { rowsIn } from '../fingerprint.ts';
import type { CaptureOptions, CaptureReport, CaptureSink, EngineContext, EngineSource, Fingerprint, GroupEnd } from '../engine.ts';
import { withAgent, type AgentSettings, type SqliteAgent } from './client.ts';
import { describedFile, fileObjectName, tableRows } from './objects.ts';
import { holdSource, releaseSource, type HeldFile, type HeldSource } from './held.ts';
import { takePrivateCopies } from './hold-copy.ts';
import { memoOf, sameAsBefore } from './memo.ts';
import { reportedRows, shownRows } from './row-progress.ts';
import { openView } from './view.ts';

/** Stable between the snapshots of a source: what a file's bytes are compressed against. */
export function groupName(file: string): string {
  return `file/${file}`;
}

/**
 * Streams the files' pages while the agent holds their transactions, and fingerprints them inside the same transactions
 * meanwhile. Where nothing seems to have changed since the parent, the fingerprint waits for the stream and is only made where
 * the bytes differ.
 */
export async function capture(
  settings: AgentSettings,
  source: EngineSource,
  options: CaptureOptions,
  sink: CaptureSink,
  context: EngineContext,
): Promise<CaptureReport> {
  return withAgent(settings, context, async (agent) => {
    const { sqlite } = await agent.call('hello', null);
    const first = await holdSource(source.location, agent, options.maxWriterWait, context);
    try {
      const held = await takePrivateCopies(first, agent, options.maxWriterWait, context);
      return await captureHeld(agent, held, sqlite, options, sink, context);
    } finally {
      await releaseSource(settings, first, agent, context);
    }
  });
}

interface Printed {
  readonly fingerprint: Fingerprint;
  readonly warnings: readonly string[];
}

async function captureHeld(
  agent: SqliteAgent,
  held: HeldSource,
  sqlite: string,
  options: CaptureOptions,
  sink: CaptureSink,
  context: EngineContext,
): Promise<CaptureReport> {
  const memo = memoOf(held);
  const rows = rowCounter(options.previousFingerprint, context);
  const print = (): Promise<Printed> => agent.call('fingerprint', { set: held.set }, rows.report);
  const previous = sameAsBefore(memo, options.previous) ? options.previousFingerprint : undefined;
  const early = previous === undefined ? print() : undefined;
  // The stream's failure is what is told; the agent's follows from it.
  early?.catch(() => undefined);

  const streamed = await streamFiles(held, sink, rows, context);
  const equal = previous !== undefined && streamed.every((one) => one.end.sameAsParent);
  rows.alone();
  const printed = equal ? { fingerprint: previous, warnings: [] } : await held.lease.during(early ?? print());
  await assertStillHeld(agent, held);
  throwIfCancelled(context.signal);

  const taken = new Set<string>();
  for (const row of tableRows(printed.fingerprint)) {
    taken.add(row.name);
    await sink.object(row);
  }
  for (const { file, end } of streamed)
    await sink.object({ name: fileObjectName(file.source.name, taken), kind: 'file', group: end.group, meta: describedFile(file) });

  const waited = held.lease.longestWait();
  const waits = waited > 100 ? [`writers had to wait for up to ${(waited / 1000).toFixed(1)} s: the database is not in WAL mode`] : [];
  const empty = held.files.filter((file) => file.source.header === undefined).map((file) => `${file.source.path} is empty (0 bytes)`);
  return {
    consistency: held.together ? 'transaction' : 'file',
    serverVersion: sqlite,
    tool: 'better-sqlite3',
    fingerprint: printed.fingerprint,
    endProofs: streamed.map(({ end, proof }) => ({ stream: end.group, proof })),
    warnings: [...held.warnings, ...printed.warnings, ...waits, ...empty],
    memo,
  };
}

/** Rows that the fingerprint has read: told with the bytes while both are under way, by themselves once the bytes are all read. */
interface RowCounter {
  readonly report: (value: unknown) => void;
  readonly now: () => Pick<Progress, 'rowsDone' | 'rowsTotal'>;
  readonly alone: () => void;
}

/** Of about how many rows: by the snapshot before, else as the agent estimates. */
function rowCounter(previous: Fingerprint | undefined, context: EngineContext): RowCounter {
  let of = previous === undefined ? undefined : rowsIn(previous);
  let done = 0;
  let isAlone = false;
  const now: RowCounter['now'] = () => (done === 0 ? {} : shownRows(done, of));
  const tell = (): void => context.progress({ stage: 'fingerprinting', ...now() });
  return {
    now,
    report: (value) => {
      const told = reportedRows(value);
      done = told?.rows ?? done;
      of ??= told?.of;
      if (isAlone) tell();
    },
    alone: () => {
      isAlone = true;
      tell();
    },
  };
}

/** The bytes are the transaction's only if it was held to the end. */
async function assertStillHeld(agent: SqliteAgent, held: HeldSource): Promise<void> {
  if ((await agent.call('stillHeld', { set: held.set })).held) return;
  throw new AppError('source.changed-during-capture', 'The read transaction did not last until the last byte.', { hint: 'Try again.', retryable: true });
}

interface Streamed {
  readonly file: HeldFile;
  readonly end: GroupEnd;
  readonly proof: string;
}

async function streamFiles(held: HeldSource, sink: CaptureSink, rows: RowCounter, context: EngineContext): Promise<readonly Streamed[]> {
  const views = [];
  try {
    for (const file of held.files) views.push({ file, view: await openView(file, context.signal) });
    const bytesTotal = views.reduce((sum, { view }) => sum + view.bytes, 0);
    let before = 0;
    const streamed: Streamed[] = [];
    for (const { file, view } of views) {
      const group = await sink.group(groupName(file.source.name), 'pages');
      let pending = view.pieces > 0 ? view.read(0) : undefined;
      for (let i = 0; pending !== undefined; i += 1) {
        throwIfCancelled(context.signal);
        const bytes: Uint8Array<ArrayBuffer> = await pending;
        await held.lease.check();
        pending = i + 1 < view.pieces ? view.read(i + 1) : undefined;
        // The next piece is read while this one is taken in; where taking in fails, its fate is of no interest.
        pending?.catch(() => undefined);
        const done = before + i * (1 << 20) + bytes.length;
        await group.write(bytes);
        context.progress({ stage: `reading ${file.source.name}`, bytesDone: done, bytesTotal, ...rows.now() });
      }
      const proof = await view.end();
      streamed.push({ file, end: await group.end(), proof });
      before += view.bytes;
    }
    return streamed;
  } finally {
    for (const { view } of views) await view.close();
  }
}
