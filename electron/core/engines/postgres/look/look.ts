import { isDeepStrictEqual } from 'node:util';
import { AppError } from '../../../base/errors.ts';
import { release } from '../../../base/memory.ts';
import type { EngineContext, EngineSource, Fingerprint, FingerprintTarget, Inventory, Probe, SelfCheck } from '../../engine.ts';
import { describe, fingerprintOf, readSequences, rowItems, sequenceItems } from '../describe/all.ts';
import { readPlaces, type EarlyLook } from '../restore/early-looks.ts';
import { readMarginal } from '../capture/facts.ts';
import { withHold, type Hold } from '../capture/hold.ts';
import { canCheck, checkEach, checkResult, listIndexes } from './index-check.ts';
import { refuseUnreadableObjects } from '../capture/large-objects.ts';
import { describeLocation, locationOf, type Part, type PostgresLocation } from '../location.ts';
import { choosePart, partInWords } from '../capture/part.ts';
import { outsideOf, partWarnings } from '../capture/part-filter.ts';
import { readTables } from '../capture/read-tables.ts';
import { listTables } from '../capture/relations.ts';
import { copyPlace } from '../restore/restored-copy.ts';
import type { RowTotal } from '../copy/row-sum.ts';
import { withServer, withSession, type Session, type SessionOptions } from '../session/session.ts';
import { plainName, qualified } from '../sql.ts';
import type { PostgresSettings } from '../settings.ts';
import { toolsToDump } from '../tools/tools-for.ts';
import { originOf } from '../tools/tools.ts';

/** Where a source or a copy stands, and as whom it is looked at. */
export function placeOf(of: FingerprintTarget): { readonly location: PostgresLocation; readonly options: SessionOptions } {
  if (of.kind === 'source') return { location: locationOf(of.source.location), options: { side: 'source' } };
  return { location: copyPlace(of.copy), options: { side: 'target', restoring: true } };
}

export function looking<T>(of: FingerprintTarget, context: EngineContext, work: (session: Session) => Promise<T>): Promise<T> {
  const { location, options } = placeOf(of);
  return withSession(location, options, context, work);
}

export async function fingerprint(of: FingerprintTarget, context: EngineContext, early?: EarlyLook['tables']): Promise<Fingerprint> {
  const { location, options } = placeOf(of);
  return fingerprintAt(location, options, context, of.kind === 'source' ? location.part : undefined, early);
}

/**
 * By the same definition as at capture, at one point of its own; of all that is there, or of a part. The rows of a table that lie where and as they lay when they
 * were read `early` are not read again.
 */
export async function fingerprintAt(
  location: PostgresLocation,
  options: SessionOptions,
  context: EngineContext,
  part?: Part,
  early: EarlyLook['tables'] = new Map(),
): Promise<Fingerprint> {
  const nothing = (): Promise<void> => Promise.resolve();
  const forget = (bytes: Uint8Array): Promise<void> => Promise.resolve(release(bytes));
  const read = async (hold: Hold): Promise<Fingerprint> => {
    const totals = await readTables(hold, context, () => Promise.resolve({ write: forget, end: nothing }), await stillSo(hold.session, early));
    const outside = hold.part === undefined ? undefined : await outsideOf(hold.session, hold.part);
    const described = await describe(hold.session, hold.tables, outside);
    const sequences = await readSequences(hold.session, outside);
    await hold.check();
    return fingerprintOf([...described, ...sequenceItems(sequences), ...rowItems(totals)]);
  };
  return withHold(location, options, context, nothing, read, part);
}

async function stillSo(session: Session, early: EarlyLook['tables']): Promise<ReadonlyMap<number, RowTotal>> {
  if (early.size === 0) return new Map();
  const places = await readPlaces(session, [...early.keys()]);
  const same = [...early].filter(([oid, { file, bytes, changed }]) => isDeepStrictEqual(places.get(oid), { file, bytes, changed }));
  return new Map(same.map(([oid, { total }]) => [oid, total]));
}

/** Undefined where it is let in, or is the role that reads. */
async function restoreRefused(location: PostgresLocation, context: EngineContext): Promise<Probe['restoreRefused']> {
  const { restoreUser } = location;
  if (restoreUser === undefined) return undefined;
  try {
    await withServer(location, context, () => Promise.resolve());
    return undefined;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { statement: `The role that restores, ${restoreUser}, cannot connect: ${error.message}`, hint: error.hint ?? 'Check the role and its password.' };
  }
}

export async function probe(settings: PostgresSettings, source: EngineSource, context: EngineContext): Promise<Probe> {
  const location = locationOf(source.location);
  const refused = await restoreRefused(location, context);
  return withSession(location, { side: 'source' }, context, async (session) => {
    const part = location.part === undefined ? undefined : await choosePart(session, location.part, false);
    const outside = part === undefined ? undefined : await outsideOf(session, part);
    const tables = await listTables(session, part);
    if (part?.onlySome !== true) await refuseUnreadableObjects(session);
    const { tools, notice } = await toolsToDump(settings, location, session, context);
    const [row] = await session.rows<{ bytes: string; role: string; replica: boolean; sessions: number; collate: string; extensions: string | null }>(
      `SELECT pg_catalog.pg_database_size(d.oid)::text AS bytes, current_user AS role, pg_catalog.pg_is_in_recovery() AS replica, d.datcollate AS collate,
        (SELECT count(*)::int FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid AND a.pid <> pg_catalog.pg_backend_pid()) AS sessions,
        (SELECT string_agg(extname || ' ' || extversion, ', ' ORDER BY extname) FROM pg_catalog.pg_extension) AS extensions
        FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()`,
    );
    const facts = [
      { name: 'server', value: describeLocation(location) },
      { name: 'role', value: `${row?.role ?? ''}${session.superuser ? ', a superuser' : ''}` },
      { name: 'role that restores', value: location.restoreUser ?? '' },
      { name: 'kind of server', value: row?.replica === true ? 'a replica' : 'the primary' },
      { name: 'tables', value: String(tables.length) },
      { name: 'only a part', value: part === undefined ? '' : partInWords(part) },
      { name: 'encoding', value: session.encoding },
      { name: 'collation', value: row?.collate ?? '' },
      { name: 'other sessions', value: String(row?.sessions ?? 0) },
      { name: 'extensions', value: row?.extensions ?? '' },
    ];
    return {
      serverVersion: session.serverVersion,
      facts: facts.filter((fact) => fact.value !== ''),
      bytes: Number(row?.bytes ?? 0),
      tools: ['pg_dump', 'pg_restore'].map((tool) => ({ tool, version: tools.version, origin: originOf(tools) })),
      warnings: [
        ...(notice === undefined ? [] : [notice]),
        ...(refused === undefined ? [] : [refused.statement]),
        ...(await readMarginal(session)),
        ...partWarnings(part, outside),
      ],
      consistency: 'transaction',
      ...(refused === undefined ? {} : { restoreRefused: refused }),
    };
  });
}

/** Tables above this are counted by the planner's estimate: counting them would read them. */
const countedBytes = 64 << 20;

export async function inventory(source: EngineSource, context: EngineContext): Promise<Inventory> {
  return withSession(locationOf(source.location), { side: 'source' }, context, async (session) => {
    const items: Inventory['items'][number][] = [];
    for (const table of await listTables(session)) {
      const sql =
        table.bytes <= countedBytes
          ? `SELECT count(*)::text AS rows FROM ONLY ${qualified(table.schema, table.name)}`
          : `SELECT greatest(reltuples, 0)::int8::text AS rows FROM pg_catalog.pg_class WHERE oid = ${table.oid}`;
      const [row] = await session.rows<{ rows: string }>(sql);
      items.push({ name: table.called, kind: 'table', rows: Number(row?.rows ?? 0), bytes: table.bytes });
    }
    const others = await session.rows<{ schema: string; name: string; kind: string; bytes: string }>(
      `SELECT n.nspname AS schema, c.relname AS name, CASE c.relkind WHEN 'i' THEN 'index' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'sequence' END AS kind,
        pg_catalog.pg_relation_size(c.oid)::text AS bytes
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('i', 'v', 'm', 'S') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`,
    );
    for (const { schema, name, kind, bytes } of others) items.push({ name: plainName(schema, name), kind, bytes: Number(bytes) });
    return { items };
  });
}

/** Checks of the engine's own. A B-tree that is the one that was checked `early` is not checked again. */
export async function selfCheck(of: FingerprintTarget, context: EngineContext, early?: EarlyLook['indexes']): Promise<readonly SelfCheck[]> {
  return looking(of, context, async (session) => {
    context.progress({ stage: 'checking indexes' });
    const broken = await session.rows<{ name: string }>(
      // A partitioned table's own index is not valid as long as not all partitions have theirs: a state that a dump keeps, and that the fingerprint holds.
      `SELECT i.indexrelid::regclass::text AS name FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid AND c.relkind = 'i'
        WHERE NOT i.indisvalid OR NOT i.indisready ORDER BY 1`,
    );
    const valid: SelfCheck = {
      name: 'indexes are valid',
      // At a live source an index that failed to build is not a fault of a snapshot.
      result: broken.length > 0 && of.kind === 'copy' ? 'failed' : 'passed',
      findings: broken.map((row) => `${row.name} is not valid`),
    };
    return [
      valid,
      of.kind === 'copy' ? await checkIndexes(session, early) : { name: 'indexes match their tables', result: 'skipped', findings: ['only done on copies'] },
    ];
  });
}

async function checkIndexes(session: Session, early: EarlyLook['indexes'] = new Map()): Promise<SelfCheck> {
  if (!(await canCheck(session))) return checkResult('skipped');
  const indexes = await listIndexes(session);
  const known = new Map(indexes.flatMap(({ oid, file }) => (early.get(oid)?.file === file ? [[oid, early.get(oid)?.finding]] : [])));
  const wrong = await checkEach(
    session,
    indexes.filter(({ oid }) => !known.has(oid)),
  );
  return checkResult(indexes.flatMap(({ oid }) => known.get(oid) ?? wrong.get(oid) ?? []));
}
