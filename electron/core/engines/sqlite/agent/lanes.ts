import type { Connection } from './connection.ts';
import type { Column, Table } from './schema.ts';
import { quoteName } from './identifiers.ts';

/**
 * How the values of a column reach the hash. Which lane a column takes depends on its declared type and on the kinds of values
 * in it, never on how the file happened to be read.
 *
 * `plain`: NULL, integers and text, as SQL's own JSON text; exact, and the fastest way out of SQLite.
 * `number`: NULL, integers and reals, each as its eight bytes: the text of a real depends on the library that prints it.
 * `bytes`: NULL and blobs, as lengths and raw bytes.
 * `general`: any mixture, value by value.
 */
export type Lane = 'plain' | 'number' | 'bytes' | 'general';

export interface LanedColumn {
  readonly name: string;
  readonly affinity: Column['affinity'];
  readonly lane: Lane;
}

/** Kinds of values seen in a column. */
interface Kinds {
  readonly integer: boolean;
  readonly real: boolean;
  readonly text: boolean;
  readonly blob: boolean;
  readonly large: boolean;
}

/** Values above this many bytes go one by one. */
const largeBytes = 16 << 20;
/** Columns asked about in one statement; SQLite gives at most 2000 answers. */
const columnsAtOnce = 300;

/** The columns whose values lie in the file. */
export function storedColumns(table: Table): readonly Column[] {
  return table.columns.filter((column) => column.generated !== 'virtual');
}

/**
 * The lanes as `lanesOf` would give them where every column holds what its declared type suggests. Nearly always right, and
 * shown to be wrong by the guards of the pass that uses them where it is not. `wide`: the database's text is UTF-16.
 */
export function expectedLanes(columns: readonly Column[], wide: boolean): readonly LanedColumn[] {
  const none: Kinds = { integer: false, real: false, text: false, blob: false, large: false };
  return columns.map((column) => ({ name: column.name, affinity: column.affinity, lane: laneFor(column, none, wide) }));
}

/** The lanes from the values themselves: one look at every value of `from`. */
export function lanesOf(db: Connection, columns: readonly Column[], wide: boolean, from: string): readonly LanedColumn[] {
  const laned: LanedColumn[] = [];
  for (let at = 0; at < columns.length; at += columnsAtOnce) {
    const some = columns.slice(at, at + columnsAtOnce);
    const answers = some.flatMap((column) => {
      const name = quoteName(column.name);
      const kinds = ['integer', 'real', 'text', 'blob'].map((kind) => `max(typeof(${name})='${kind}')`);
      return [...kinds, `max(octet_length(${name})>${largeBytes})`];
    });
    const row = db.prepare<[], (number | null)[]>(`SELECT ${answers.join()} FROM ${from}`).raw().get() ?? [];
    for (const [i, column] of some.entries()) {
      const seen = (offset: number): boolean => row[i * 5 + offset] === 1;
      const kinds: Kinds = { integer: seen(0), real: seen(1), text: seen(2), blob: seen(3), large: seen(4) };
      laned.push({ name: column.name, affinity: column.affinity, lane: laneFor(column, kinds, wide) });
    }
  }
  return laned;
}

function laneFor(column: Column, kinds: Kinds, wide: boolean): Lane {
  const { integer, real, text, blob } = kinds;
  if (kinds.large) return 'general';
  const declaredBytes = column.affinity === 'blob' && column.type !== '' && !wide;
  if (column.affinity === 'real' && !text && !blob) return 'number';
  if (declaredBytes && !integer && !real && !text) return 'bytes';
  if (!real && !blob) return 'plain';
  if (!text && !blob) return 'number';
  return !integer && !real && !text && !wide ? 'bytes' : 'general';
}
