import type { UndoEntry } from '../contract/model.ts';
import { AppError, commandLine } from '../core/app/faces.ts';
import type { Context } from './context.ts';
import { liesHere } from './current-folder.ts';
import { when } from './output/format.ts';

/**
 * What is taken back: the entry of that id, else the newest of the source of that name. Where neither was named, the newest of the only
 * target there is, or of the only one of the current folder; where there are several, the person at the terminal chooses. Throws
 * `undo.nothing` where nothing is kept, and `input.ambiguous` with the lines that would do it where there is nobody to ask.
 */
export async function chooseUndo(context: Context, word: string | undefined): Promise<UndoEntry> {
  const entries = (await context.call('undo.list', {})).undo;
  if (word !== undefined) return named(entries, word);
  const newest = newestOfEach(entries);
  const [only] = newest;
  if (only === undefined) throw new AppError('undo.nothing', 'There is nothing to undo.', { hint: 'See: belay undo --list' });
  if (newest.length === 1) return only;
  const near: UndoEntry[] = [];
  for (const entry of newest) if (await liesHere(context, entry.target)) near.push(entry);
  const [nearest] = near;
  if (nearest !== undefined && near.length === 1) return nearest;
  return pick(context, near.length > 1 ? near : newest);
}

function named(entries: readonly UndoEntry[], word: string): UndoEntry {
  const found = entries.find((entry) => entry.id === word) ?? newestFirst(entries).find((entry) => entry.source === word);
  if (found !== undefined) return found;
  throw new AppError('undo.nothing', `Nothing is kept under ${word}, neither an id nor a source.`, { hint: 'See: belay undo --list' });
}

/** The list is in the order of what was done, whatever the clock said meanwhile. */
function newestFirst(entries: readonly UndoEntry[]): readonly UndoEntry[] {
  return entries.toReversed();
}

function newestOfEach(entries: readonly UndoEntry[]): readonly UndoEntry[] {
  const seen = new Set<string>();
  return newestFirst(entries).filter((entry) => !seen.has(entry.target) && seen.add(entry.target));
}

async function pick(context: Context, entries: readonly UndoEntry[]): Promise<UndoEntry> {
  if (!context.prompter.possible) {
    const lines = entries.slice(0, 10).map((entry) => `${commandLine('undo', [entry.id])} (${whatOf(entry)})`);
    throw new AppError('input.ambiguous', `There are rewinds or restores of ${entries.length} targets to take back, and none was named.`, {
      hint: `Run one of: ${lines.join(', ')}`,
      details: { undo: entries.slice(0, 50).map(({ id, target, source }) => ({ id, target, ...(source === undefined ? {} : { source }) })) },
    });
  }
  for (const [at, entry] of entries.entries()) context.output.say(`  ${at + 1}. ${whatOf(entry)}, ${when(entry.at, context.now)}`);
  for (;;) {
    const answer = (await context.ask(`Which one? [1-${entries.length}] `)).trim();
    const chosen = entries.find((entry, at) => entry.id === answer || entry.source === answer || String(at + 1) === answer);
    if (chosen !== undefined) return chosen;
    context.prompter.tell('That is none of them. Type a number, or leave with Ctrl-C.');
  }
}

function whatOf(entry: UndoEntry): string {
  return `the ${entry.what} of ${entry.source ?? entry.target}`;
}
