import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import type { Problem, SnapshotRecord } from '../repository/repository.ts';
import type { Timed } from './connection.ts';
import { newestQuery, resolveRef } from './refs.ts';
import { objectOf, objectRow, problemOf, problemRow, recordOf, snapshotColumns, snapshotRow } from './rows.ts';
import type { CatalogObject } from './rows.ts';

export interface SnapshotFilter {
  readonly source?: string;
  readonly tag?: string;
  /** Found in name, note, source or a tag (case of ASCII letters does not count), or as the beginning of the id. */
  readonly text?: string;
  readonly limit: number;
  readonly offset: number;
}

export interface Queries {
  list(filter: SnapshotFilter): { readonly snapshots: readonly SnapshotRecord[]; readonly total: number };
  get(ref: string): SnapshotRecord;
  byId(id: string): SnapshotRecord | undefined;
  recent(source: string, limit: number): readonly SnapshotRecord[];
  /** Snapshots that were taken on top of this one, oldest first. */
  childrenOf(id: string): readonly SnapshotRecord[];
  newest(source: string): SnapshotRecord | undefined;
  newestProved(source: string): SnapshotRecord | undefined;
  objects(id: string, page: { readonly limit: number; readonly offset: number }): { readonly objects: readonly CatalogObject[]; readonly total: number };
  ids(): readonly string[];
  problems(): readonly Problem[];
  meta(key: string): string | undefined;
}

const where = `
  where (@source is null or source = @source)
    and (@tag is null or exists (select 1 from tags where tags.snapshot = snapshots.key and tags.tag = @tag))
    and (@text is null
      or name like @like escape '\\' or note like @like escape '\\' or source like @like escape '\\'
      or substr(id, 1, length(@text)) = @text
      or exists (select 1 from tags where tags.snapshot = snapshots.key and tags.tag like @like escape '\\'))`;

export function createQueries(db: Database, time: Timed): Queries {
  const count = db.prepare(`select count(*) from snapshots ${where}`).pluck();
  const pageOf = db.prepare(`select ${snapshotColumns} from snapshots ${where} order by seq desc, id limit @limit offset @offset`);
  // Beside the one that takes every filter: SQLite finds a source's newest by an index only where nothing else may be asked.
  const newestOf = db.prepare(`select ${snapshotColumns} from snapshots where source = ? order by seq desc, id limit ?`);
  const byKey = db.prepare(`select ${snapshotColumns} from snapshots where key = ?`);
  const byId = db.prepare(`select ${snapshotColumns} from snapshots where id = ?`);
  const newest = newestQuery(db, snapshotColumns, true);
  const children = db.prepare(`select ${snapshotColumns} from snapshots where parent = ? order by seq, id limit 100`);
  const proved = db.prepare(`select ${snapshotColumns} from snapshots where source = ? and proved = 'proved' order by seq desc, id limit 1`);
  const objects = db.prepare(
    'select name, kind, bytes, rows, fingerprint from objects where snapshot = (select key from snapshots where id = ?) order by ordinal limit ? offset ?',
  );
  const objectCount = db.prepare('select count(*) from objects where snapshot = (select key from snapshots where id = ?)').pluck();
  const ids = db.prepare('select id from snapshots order by seq, id').pluck();
  const problems = db.prepare('select file, kind, statement, affects, repairable from problems order by ordinal');
  const meta = db.prepare('select value from meta where key = ?').pluck();

  const one = (row: unknown): SnapshotRecord | undefined => (row === undefined ? undefined : recordOf(snapshotRow.parse(row)));
  return {
    list: ({ source, tag, text, limit, offset }) =>
      time('list-snapshots', () => {
        const like = text === undefined ? null : `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
        const filter = { source: source ?? null, tag: tag ?? null, text: text ?? null, like };
        const snapshots = pageOf.all({ ...filter, limit, offset }).map((row) => recordOf(snapshotRow.parse(row)));
        return { snapshots, total: z.number().parse(count.get(filter)) };
      }),
    get: (ref) => time('get-snapshot', () => recordOf(snapshotRow.parse(byKey.get(resolveRef(db, ref))))),
    byId: (id) => time('snapshot-by-id', () => one(byId.get(id))),
    recent: (source, limit) => time('recent', () => newestOf.all(source, limit).map((row) => recordOf(snapshotRow.parse(row)))),
    newest: (source) => time('newest', () => one(newest(source))),
    childrenOf: (id) => time('children-of', () => children.all(id).map((row) => recordOf(snapshotRow.parse(row)))),
    newestProved: (source) => time('newest-proved', () => one(proved.get(source))),
    objects: (id, page) =>
      time('list-objects', () => ({
        objects: objects.all(id, page.limit, page.offset).map((row) => objectOf(objectRow.parse(row))),
        total: z.number().parse(objectCount.get(id)),
      })),
    ids: () => time('list-ids', () => z.array(z.string()).parse(ids.all())),
    problems: () => time('list-problems', () => problems.all().map((row) => problemOf(problemRow.parse(row)))),
    meta: (key) => time('get-meta', () => z.string().optional().parse(meta.get(key))),
  };
}
