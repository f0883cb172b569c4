import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import { AppError } from '../base/errors.ts';

const hit = z.object({ key: z.number(), id: z.string(), seq: z.number(), source: z.string(), created_at: z.number(), name: z.string().nullable() });
const columns = 'key, id, seq, source, created_at, name';
const MOST = 11;

/** Snapshots that Belay takes of what it is about to overwrite bear it: they are there to go back to by number, not to be the newest. */
export const SAFETY_TAG = 'safety';

/** Captured from a source: neither taken in from files nor a safety snapshot. */
const captured = `json_extract(capture, '$.origin') is null and not exists (select 1 from tags where tags.snapshot = snapshots.key and tag = '${SAFETY_TAG}')`;

/**
 * The row of the newest snapshot, of one source where that is asked; what was taken in from files and safety snapshots come last: an old dump that
 * is imported today is not the latest state of anything, and what was overwritten by a rewind is not where the next rewind should go. In two
 * questions: one that ordered by both would look at every snapshot of the source.
 */
export function newestQuery(db: Database, selected: string, ofSource: boolean): (...source: readonly string[]) => unknown {
  const order = 'order by seq desc, key desc limit 1';
  const first = db.prepare(`select ${selected} from snapshots where ${captured} ${ofSource ? 'and source = ?' : ''} ${order}`);
  const last = db.prepare(`select ${selected} from snapshots ${ofSource ? 'where source = ?' : ''} ${order}`);
  return (...source) => first.get(...source) ?? last.get(...source);
}

/**
 * The key of the one snapshot that `ref` points at: its id, a unique prefix of at least 4 digits, `#seq`, its name, `latest`,
 * `latest:<source>`. The newest is the one with the highest number among those captured from a source; what was taken in from
 * files comes after. Throws `snapshot.unknown`, and `input.ambiguous` naming
 * the candidates: a name that two snapshots have is never resolved by guessing.
 */
export function resolveRef(db: Database, ref: string): number {
  const hits = z.array(hit).parse(candidates(db, ref));
  const [first, second] = hits;
  if (first === undefined) throw unknown(ref);
  if (second === undefined) return first.key;
  const shown = hits.slice(0, MOST - 1);
  throw new AppError('input.ambiguous', `${ref} can mean ${hits.length < MOST ? String(hits.length) : 'more than ten'} snapshots.`, {
    hint: `Point at one by its number: ${shown
      .slice(0, 3)
      .map((one) => (one.seq < 1000 ? String(one.seq) : `'#${String(one.seq)}'`))
      .join(', ')}.`,
    details: {
      ref,
      candidates: shown.map((one) => ({
        id: one.id,
        seq: one.seq,
        source: one.source,
        createdAt: one.created_at,
        ...(one.name === null ? {} : { name: one.name }),
      })),
    },
  });
}

function candidates(db: Database, ref: string): unknown[] {
  if (ref === 'latest') return [newestQuery(db, columns, false)()].filter((row) => row !== undefined);
  if (ref.startsWith('latest:')) return [newestQuery(db, columns, true)(ref.slice('latest:'.length))].filter((row) => row !== undefined);
  const seq = /^#(\d{1,15})$/.exec(ref)?.[1];
  if (seq !== undefined) return db.prepare(`select ${columns} from snapshots where seq = ? order by key limit ${String(MOST)}`).all(Number(seq));
  const exact = db.prepare(`select ${columns} from snapshots where id = ?`).all(ref);
  if (exact.length > 0) return exact;
  const order = `order by seq desc limit ${String(MOST)}`;
  if (!/^[0-9a-f]{4,}$/.test(ref)) return db.prepare(`select ${columns} from snapshots where name = ? ${order}`).all(ref);
  // `g` follows the last digit of hex: every id with the prefix lies between.
  return db.prepare(`select ${columns} from snapshots where name = @ref or (id >= @ref and id < @ref || 'g') ${order}`).all({ ref });
}

function unknown(ref: string): AppError {
  const source = ref.startsWith('latest:') ? ref.slice('latest:'.length) : undefined;
  const statement =
    ref === 'latest' ? 'There is no snapshot yet.' : source === undefined ? `There is no snapshot ${ref}.` : `There is no snapshot of ${source}.`;
  const hint =
    ref === 'latest' || source !== undefined
      ? `Take one: belay snap ${source ?? '<source>'}`
      : 'List the snapshots with `belay list`; an id needs at least 4 digits.';
  return new AppError('snapshot.unknown', statement, { hint, details: { ref } });
}
