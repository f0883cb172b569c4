import { release } from '../../../base/memory.ts';
import type { EngineContext } from '../../engine.ts';
import { largeBytes } from './early-indexes.ts';
import { canCheck, checkEach, listIndexes, type CheckedIndex } from '../look/index-check.ts';
import type { PostgresLocation } from '../location.ts';
import type { StoredTable } from './objects.ts';
import { listTables, ownSchemas, type Table } from '../capture/relations.ts';
import type { RowTotal } from '../copy/row-sum.ts';
import { readRows } from '../copy/rows-out.ts';
import { withSession, type Session } from '../session/session.ts';
import type { Work } from './works.ts';

/** Where the rows of a table lie, how much they are, and how many were changed or deleted by what the server has counted. */
export interface TablePlace {
  readonly file: number;
  readonly bytes: number;
  readonly changed: number;
}

/** A table as it was read: whoever uses that later compares the place. */
export interface ReadTable extends TablePlace {
  readonly total: RowTotal;
}

/** What was found out about a copy while the rest of it was still being made. By the numbers of tables and indexes. */
export interface EarlyLook {
  readonly tables: Map<number, ReadTable>;
  readonly indexes: Map<number, { readonly file: number; readonly finding: string | undefined }>;
}

/** Early looks of this process, by the id and database of the copy that they are of. Each half serves one comparison and is forgotten: what comes later looks anew. */
export class EarlyLooks {
  readonly #tables = new Map<string, EarlyLook['tables']>();
  readonly #indexes = new Map<string, EarlyLook['indexes']>();

  keep(copy: string, look: EarlyLook): void {
    this.#tables.set(copy, look.tables);
    this.#indexes.set(copy, look.indexes);
  }

  takeTables(copy: string): EarlyLook['tables'] | undefined {
    const found = this.#tables.get(copy);
    this.#tables.delete(copy);
    return found;
  }

  takeIndexes(copy: string): EarlyLook['indexes'] | undefined {
    const found = this.#indexes.get(copy);
    this.#indexes.delete(copy);
    return found;
  }

  forget(copy: string): void {
    this.takeTables(copy);
    this.takeIndexes(copy);
  }
}

/** Looks at large tables while others load and indexes are built. */
export class Looker {
  readonly look: EarlyLook = { tables: new Map(), indexes: new Map() };
  readonly #place: PostgresLocation;
  readonly #tables: ReadonlyMap<string, Table>;
  readonly #checks: boolean;
  readonly #context: EngineContext;
  readonly #begun = new Set<number>();

  private constructor(place: PostgresLocation, tables: readonly Table[], checks: boolean, context: EngineContext) {
    this.#place = place;
    this.#tables = new Map(tables.map((table) => [table.called, table]));
    this.#checks = checks;
    this.#context = context;
  }

  /**
   * To be called when the tables are there and empty. Undefined where rows could still change after they were loaded: by a volatile function of the
   * user's, which an index, a materialized view or an event trigger may call. What is no such function cannot write.
   */
  static async at(place: PostgresLocation, context: EngineContext): Promise<Looker | undefined> {
    return withSession(place, options, context, async (session) => {
      const [row] = await session.rows<{ writes: boolean }>(mayWrite);
      if (row?.writes !== false) return undefined;
      return new Looker(place, await listTables(session), await canCheck(session), context);
    });
  }

  /** Works for the rows of a table that is loaded and will not be locked against readers any more. */
  rowsOf({ object, bytes, meta }: StoredTable): readonly Work[] {
    const table = this.#tables.get(object);
    // A partition may get rows yet that another one refused.
    if (table === undefined || bytes < largeBytes || meta.root !== null || meta.extension) return [];
    return [this.#work((session) => this.#read(session, table, bytes))];
  }

  /** Works for those B-trees of a table that are there by now and were not told before. */
  async indexesOf({ object, bytes }: StoredTable): Promise<readonly Work[]> {
    const table = this.#tables.get(object);
    if (table === undefined || !this.#checks || bytes < largeBytes) return [];
    const found = await withSession(this.#place, options, this.#context, (session) => listIndexes(session, table.oid));
    const fresh = found.filter(({ oid }) => !this.#begun.has(oid));
    for (const { oid } of fresh) this.#begun.add(oid);
    return fresh.map((index) => this.#work((session) => this.#check(session, index)));
  }

  #work(run: (session: Session) => Promise<void>): Work {
    return {
      later: true,
      run: async () => {
        await withSession(this.#place, { ...options, encoding: 'own' }, this.#context, run);
        return [];
      },
    };
  }

  async #read(session: Session, table: Table, bytes: number): Promise<void> {
    const context = this.#context;
    let bytesDone = 0;
    const place = (await readPlaces(session, [table.oid])).get(table.oid);
    const total = await readRows(session, table, context, (part) => {
      bytesDone += part.length;
      release(part);
      context.progress({ stage: `comparing ${table.called}`, bytesDone, bytesTotal: bytes });
      return Promise.resolve();
    });
    if (place !== undefined) this.look.tables.set(table.oid, { ...place, total });
  }

  async #check(session: Session, index: CheckedIndex): Promise<void> {
    this.#context.progress({ stage: `checking ${index.name}` });
    const wrong = await checkEach(session, [index]);
    this.look.indexes.set(index.oid, { file: index.file, finding: wrong.get(index.oid) });
  }
}

const options = { side: 'target', restoring: true } as const;

/** Functions that statements other than ours may call and that may write. Those of triggers on tables run where rows are written, and nothing writes any. */
const mayWrite = `SELECT EXISTS (SELECT FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace AND ${ownSchemas}
    JOIN pg_catalog.pg_language l ON l.oid = p.prolang
  WHERE p.prorettype <> 'pg_catalog.trigger'::regtype AND (p.provolatile = 'v' OR l.lanname = 'c')
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')) AS writes`;

/** Of each table that is there. */
export async function readPlaces(session: Session, tables: readonly number[]): Promise<ReadonlyMap<number, TablePlace>> {
  const rows = await session.rows<TablePlace & { readonly oid: number }>(
    `SELECT c.oid::int8::float8 AS oid, pg_catalog.pg_relation_filenode(c.oid)::int8::float8 AS file, pg_catalog.pg_relation_size(c.oid)::float8 AS bytes,
      (pg_catalog.pg_stat_get_tuples_updated(c.oid) + pg_catalog.pg_stat_get_tuples_deleted(c.oid))::float8 AS changed
      FROM pg_catalog.pg_class c WHERE c.oid = ANY ($1::oid[])`,
    [tables],
  );
  return new Map(rows.map(({ oid, ...place }) => [oid, place]));
}
