import { AppError } from '../../base/errors.ts';
import type { EngineContext } from '../engine.ts';
import type { AgentFile, HeldView } from './agent/protocol.ts';
import { agentFile, withAgent, type AgentSettings, type SqliteAgent } from './client.ts';
import { noLease, startLease, type Lease } from './lease.ts';
import { filesOf, isLoose } from './location.ts';
import { copyUnlocked } from './private-copy.ts';
import { fileError, isWritable, lookAt, sizeIfThere, type SourceFile } from './source-file.ts';
import type { SourceLocation } from '../engine.ts';
import { uncancelled } from '../uncancelled.ts';

/** A file of a source at one point, and where its bytes are read from. */
export interface HeldFile {
  readonly source: SourceFile;
  /** The source itself, or a private copy of it. */
  readonly bytesAt: string;
  readonly view: HeldView;
  /** True where SQLite made files beside the source that it removes when it closes. */
  readonly opensLog: boolean;
}

export interface HeldSource {
  readonly set: string;
  readonly files: readonly HeldFile[];
  readonly lease: Lease;
  /** True where all files are seen at one instant. */
  readonly together: boolean;
  readonly warnings: readonly string[];
}

/** SQLite's own codes for what could only be opened by writing. */
const needsWriting = ['SQLITE_READONLY', 'SQLITE_CANTOPEN', 'SQLITE_IOERR_SHMOPEN', 'SQLITE_IOERR_SHMMAP', 'SQLITE_IOERR_LOCK'];

/** How long a lock of another process is waited for before the first byte is read. */
const busyMs = 5000;

/**
 * Opens every file of a source in the agent and holds them at one instant; the agent's end releases them. Files that SQLite
 * could only open by changing something are held as private copies.
 */
export async function holdSource(
  location: SourceLocation,
  agent: SqliteAgent,
  maxWriterWait: number,
  context: EngineContext,
  set = 'source',
): Promise<HeldSource> {
  const sources: SourceFile[] = [];
  for (const file of filesOf(location)) sources.push(await lookAt(file));
  const cold = new Map<string, string>();
  const warnings: string[] = [];
  if (isLoose(location)) for (const source of sources) cold.set(source.name, await copyUnlocked(source, context));
  for (;;) {
    const files: AgentFile[] = [];
    for (const source of sources) files.push(await howToOpen(source, cold, warnings, context));
    try {
      const { views } = await agent.call('open', { set, files, busyMs: Math.min(busyMs, maxWriterWait), hold: true });
      return assemble(set, sources, files, views, warnings, agent, maxWriterWait, context);
    } catch (error) {
      const next = sources.find((source) => !cold.has(source.name));
      if (next === undefined || !mustWrite(error)) throw withPath(error, sources);
      // Which file it was is not said: all that are not copies yet become copies.
      for (const source of sources) if (!cold.has(source.name)) cold.set(source.name, await makeCopy(source, warnings, context));
    }
  }
}

async function howToOpen(source: SourceFile, cold: Map<string, string>, warnings: string[], context: EngineContext): Promise<AgentFile> {
  const copy = cold.get(source.name);
  if (copy !== undefined) return { name: source.name, path: copy, real: copy, access: 'write' };
  const hasLog = (source.walBytes ?? 0) > 0;
  const usesLog = source.header?.wal === true || source.walBytes !== undefined;
  if (!usesLog || (hasLog && source.hasIndex)) return agentFile(source.name, source.real, 'read', context);
  // A log that nobody has open would be recovered, and an index made, beside the source. An empty log leaves nothing behind.
  if (!hasLog && (await isWritable(source.real))) return agentFile(source.name, source.real, 'write', context);
  const made = await makeCopy(source, warnings, context);
  cold.set(source.name, made);
  return { name: source.name, path: made, real: made, access: 'write' };
}

async function makeCopy(source: SourceFile, warnings: string[], context: EngineContext): Promise<string> {
  context.progress({ stage: `copying ${source.name}` });
  try {
    const copy = await copyUnlocked(source, context);
    warnings.push(
      `${source.path} could only be opened by writing beside it: it was read from a private copy, recovered as SQLite recovers it; the source was not touched`,
    );
    return copy;
  } catch (error) {
    throw fileError(source, error);
  }
}

function mustWrite(error: unknown): boolean {
  const sqlite = error instanceof AppError ? error.details?.['sqlite'] : undefined;
  return typeof sqlite === 'string' && needsWriting.some((code) => sqlite.startsWith(code));
}

function assemble(
  set: string,
  sources: readonly SourceFile[],
  files: readonly AgentFile[],
  views: readonly HeldView[],
  warnings: readonly string[],
  agent: SqliteAgent,
  maxWriterWait: number,
  context: EngineContext,
): HeldSource {
  const held = sources.map((source, i): HeldFile => {
    const view = views[i];
    const file = files[i];
    if (view === undefined || file === undefined) throw new AppError('bug', 'the SQLite reader lost a file');
    return { source, view, bytesAt: file.real, opensLog: file.access === 'write' && file.real === source.real };
  });
  const live = held.filter((file) => file.bytesAt === file.source.real);
  const holdsWriters = live.some((file) => file.view.journal === 'rollback');
  const together = live.length === held.length || held.length === 1;
  const logs = held.filter((file) => file.view.journal === 'wal').length;
  const notes = held.length > 1 && logs > 1 ? ['in WAL mode a transaction over several files is atomic in each file only, as SQLite documents'] : [];
  return {
    set,
    files: held,
    lease: holdsWriters ? startLease(agent, set, context.clock, maxWriterWait) : noLease,
    together,
    warnings: [...warnings, ...notes],
  };
}

/**
 * Ends what was held, and the agent. Where the agent had to be killed, what it could not remove beside the source is removed by
 * SQLite itself.
 */
export async function releaseSource(settings: AgentSettings, held: HeldSource, agent: SqliteAgent, context: EngineContext): Promise<void> {
  await agent.close();
  for (const file of held.files) {
    if (!file.opensLog || (await sizeIfThere(`${file.source.real}-shm`)) === undefined) continue;
    const unending = uncancelled(context);
    const { path } = await agentFile(file.source.name, file.source.real, 'write', unending);
    await withAgent(settings, unending, (other) => other.call('settle', { path, busyMs }));
  }
}

/** Errors of opening name the file. */
function withPath(error: unknown, sources: readonly SourceFile[]): unknown {
  if (!(error instanceof AppError)) return error;
  const path = sources.map((source) => source.path).join(', ');
  // The header was SQLite's: what SQLite then cannot read is behind a key or broken.
  const hidden = error.code === 'source.not-a-database';
  const message = hidden ? 'the header is that of a SQLite database, its pages cannot be read: it is encrypted or damaged.' : error.message;
  const hint = hidden ? 'Open it with the tool that made it and export a plain copy.' : error.hint;
  return new AppError(hidden ? 'source.encrypted' : error.code, `${path}: ${message}`, {
    ...(hint === undefined ? {} : { hint }),
    ...(error.cause === undefined ? {} : { cause: error.cause }),
    details: { ...error.details, path },
    retryable: error.retryable,
  });
}
