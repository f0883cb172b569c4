import type { UndoEntry } from '../../contract/model.ts';
import { AppError, isCancelled } from '../base/errors.ts';
import { counted } from '../base/words.ts';
import { captureNotes } from '../snapshot/content.ts';
import { isDue, keptUntil, mostUnseen, sighted, type KeepRules } from '../restore/keeping.ts';
import type { UndoRow } from '../restore/records.ts';
import { engineOf, type Core } from './core.ts';
import { withEngineContext, type CallScope } from './scope.ts';

const defaultHours = 24;
const everyMs = 3_600_000;

/** How long old copies are kept for undo, as the settings say. */
export async function keepRules(core: Core): Promise<KeepRules> {
  const hours = (await core.settings.read()).undoKeepHours ?? defaultHours;
  return { keepMs: hours === 0 ? undefined : hours * 3_600_000, wasSnapshotted: (row) => wasSnapshotted(core, row) };
}

/** Snapshots that are looked at together, from the oldest on. */
const atOnce = 200;

/**
 * True where the repository has a snapshot of the whole source from before the swap. Of what is no source, none is known; what was taken in from a file under its
 * name is none of it.
 */
function wasSnapshotted(core: Core, { entry: { source, at } }: UndoRow): boolean {
  if (source === undefined) return false;
  const { total } = core.catalog.list({ source, limit: 1, offset: 0 });
  for (let offset = Math.max(0, total - atOnce); ; offset = Math.max(0, offset - atOnce)) {
    const { snapshots } = core.catalog.list({ source, limit: atOnce, offset });
    if (snapshots.some((one) => one.createdAt <= at && isWholeSource(captureNotes(one)))) return true;
    if (offset === 0) return false;
  }
}

function isWholeSource({ part, origin }: ReturnType<typeof captureNotes>): boolean {
  return part === undefined && origin === undefined;
}

/** A kept copy as people see it: until when it is kept, and whether somebody asked for longer. */
export async function entryOf(core: Core, row: UndoRow): Promise<UndoEntry> {
  const until = keptUntil(row, await keepRules(core), core.clock.now());
  return { ...row.entry, ...(until === undefined ? {} : { keptUntil: until }), ...(row.keep === true ? { keep: true } : {}) };
}

/**
 * Notes that the kept copies are still there, which is what makes them older, and removes those whose time was over before: now, and every
 * hour while this host is open. Resolves when the first note is durable; what is removed is a job of its own. The function that ends it is returned.
 */
export async function startKeeping(core: Core): Promise<() => void> {
  let last = core.clock.monotonic();
  await look(core, mostUnseen(await keepRules(core)));
  const timer = setInterval(() => {
    const now = core.clock.monotonic();
    // While this host is open a clock that cannot jump says how long it was.
    const since = now - last;
    last = now;
    look(core, since).catch((error: unknown) => core.log.error('the age of kept copies could not be noted', { error }));
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}

async function look(core: Core, most: number): Promise<void> {
  const rules = await keepRules(core);
  const rows = core.records.undo().filter((row) => row.state === 'kept' && row.keep !== true);
  const due = rows.filter((row) => isDue(row, rules)).map((row) => row.entry.id);
  for (const row of rows) {
    const seen = sighted(row, core.clock.now(), most);
    if (seen !== row) await core.records.changeUndo(row.entry.id, (now) => ({ ...now, age: seen.age }));
  }
  if (due.length === 0) return;
  dropDue(core, due).catch((error: unknown) => {
    if (!isCancelled(error)) core.log.warn('kept copies whose time is over could not be removed', { error });
  });
}

async function dropDue(core: Core, due: readonly string[]): Promise<void> {
  const title = `remove ${counted(due.length, 'old copy', 'old copies')} whose time for undo is over`;
  await core.queue.run({ command: 'undo.expire', title, client: 'host', exclusive: ['target:any'] }, async ({ signal, progress }) => {
    const scope: CallScope = { client: 'host', signal, progress };
    for (const id of due) await dropOne(core, id, scope);
  });
  core.events.emit('undo.changed', {});
}

/** One that cannot be reached now is tried again an hour later, not at each start. */
async function dropOne(core: Core, id: string, scope: CallScope): Promise<void> {
  const row = core.records.undo().find((one) => one.entry.id === id);
  if (row === undefined || !isDue(row, await keepRules(core))) return;
  try {
    await withEngineContext(core, scope, (context) => engineOf(core, row.record.engine).discardUndo(row.record, context));
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    core.log.warn('an old copy whose time is over cannot be removed yet', { kept: row.record.kept, code: error.code });
    const { ms, seenAt } = row.age ?? { ms: 0, seenAt: core.clock.now() };
    await core.records.changeUndo(id, (now) => ({ ...now, age: { ms: Math.max(0, ms - everyMs), seenAt } }));
    return;
  }
  await core.records.removeUndo(id);
  const { what, target, kept, at } = row.entry;
  await core.journal.append({ what: 'undo.dropped', result: 'noted', details: { id, of: what, target, kept, at, because: 'its time was over' } });
}
