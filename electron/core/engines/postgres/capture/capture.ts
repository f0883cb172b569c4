import { createReadStream } from 'node:fs';
import { AppError, BugError, throwIfCancelled } from '../../../base/errors.ts';
import { counted, size } from '../../../base/words.ts';
import type { CaptureReport, CaptureSink, EngineContext, EngineSource, GroupEnd } from '../../engine.ts';
import { readCollations } from './collations.ts';
import { readArchive } from '../archive/archive.ts';
import { describe, fingerprintOf, readSequences, rowItems, sequenceItems, type TableTotal } from '../describe/all.ts';
import { readProperties } from '../describe/database.ts';
import { readMarginal, readRoles, readViews, readExtensions } from './facts.ts';
import { withHold, type Hold } from './hold.ts';
import { refuseUnreadableObjects } from './large-objects.ts';
import { locationOf, type PostgresLocation } from '../location.ts';
import { describedTable, factsName, rolesName, skeletonName, type Facts } from '../restore/objects.ts';
import { outsideOf, partWarnings, type Outside } from './part-filter.ts';
import { runTool } from '../tools/pg-tool.ts';
import { readTables } from './read-tables.ts';
import type { Table } from './relations.ts';
import { withSession } from '../session/session.ts';
import { dumpSkeleton, refuseUnknownAttributes, streamFile } from './skeleton.ts';
import type { PostgresSettings } from '../settings.ts';
import { openTools } from '../throw-away/tools.ts';
import { toolsToDump } from '../tools/tools-for.ts';
import type { Chosen, Tools } from '../tools/tools.ts';
import { removeEarly } from '../temporary.ts';

interface Ended {
  readonly end: GroupEnd;
  readonly proof: string;
}

/**
 * Locks every table, takes one snapshot and reads everything on it: the skeleton by pg_dump, then the rows table by table over two sessions, each
 * fingerprinted as it passes.
 */
export async function capture(settings: PostgresSettings, source: EngineSource, sink: CaptureSink, context: EngineContext): Promise<CaptureReport> {
  const location = locationOf(source.location);
  const { tools: found, notice } = await withSession(location, { side: 'source' }, context, (session) => toolsToDump(settings, location, session, context));
  await using opened = await openTools(found, context);
  const chosen: Chosen<Tools> = { tools: opened.tools, ...(notice === undefined ? {} : { notice }) };
  // First, since it takes locks of its own: from then on no migration that queues up can stand in the way.
  const dump = async (hold: Hold): Promise<string> => {
    if (hold.part?.onlySome !== true) await refuseUnreadableObjects(hold.session);
    context.progress({ stage: 'reading the definitions' });
    return dumpSkeleton(hold, location, chosen.tools, context);
  };
  const read = async (hold: Hold, file: string): Promise<CaptureReport> => {
    try {
      const outside = hold.part === undefined ? undefined : await outsideOf(hold.session, hold.part);
      const part = outside === undefined ? undefined : await partOf(hold, outside, file);
      const skeleton = await takeSkeleton(file, chosen, sink, context);
      const rows = await streamTables(hold, sink, context);
      return await finish(hold, location, chosen, { rows, skeleton, outside, part }, sink, context);
    } finally {
      await removeEarly(file, context);
    }
  };
  return await withHold(location, { side: 'source' }, context, dump, read, location.part);
}

async function partOf(hold: Hold, outside: Outside, file: string): Promise<NonNullable<Facts['part']>> {
  const rowless = hold.tables.filter((table) => table.rowless);
  return {
    statements: [...(hold.part?.statements ?? [])],
    rowless: rowless.map(({ called, generated, hashed, root }) => ({ name: called, generated: [...generated], root: hashed ? (root?.called ?? null) : null })),
    leftOut: [...outside.entries(await readArchive(createReadStream(file)))],
  };
}

interface ReadTable extends TableTotal, Ended {}

async function streamTables(hold: Hold, sink: CaptureSink, context: EngineContext): Promise<readonly ReadTable[]> {
  const ends = new Map<Table, GroupEnd>();
  const totals = await readTables(hold, context, async (table) => {
    const group = await sink.group(groupOf(table), 'lines');
    return { write: (bytes) => group.write(bytes), end: async () => void ends.set(table, await group.end()) };
  });
  return totals.map(({ table, total }) => {
    const end = ends.get(table);
    if (end === undefined) throw new BugError(`no stream for ${table.called}`);
    return { table, total, end, proof: `${counted(total.rows, 'row')}, as many as the server counted for its COPY` };
  });
}

/** Stable between the snapshots of a source. */
function groupOf(table: Table): string {
  return `table/${table.called}`;
}

async function takeSkeleton(file: string, chosen: Chosen<Tools>, sink: CaptureSink, context: EngineContext): Promise<Ended> {
  if (chosen.notice !== undefined) await refuseUnknownAttributes(file, chosen.tools, context);
  const end = await streamFile(file, skeletonName, sink);
  return { end, proof: `pg_dump ${chosen.tools.version} ended with 0; ${size(end.bytes)}` };
}

interface Read {
  readonly rows: readonly ReadTable[];
  readonly skeleton: Ended;
  readonly outside: Outside | undefined;
  readonly part: Facts['part'];
}

async function finish(
  hold: Hold,
  location: PostgresLocation,
  chosen: Chosen<Tools>,
  { rows, skeleton, outside, part }: Read,
  sink: CaptureSink,
  context: EngineContext,
): Promise<CaptureReport> {
  const { session } = hold;
  context.progress({ stage: 'describing the database' });
  const described = await describe(session, hold.tables, outside);
  const marginal = [...(await readMarginal(session)), ...partWarnings(hold.part, outside)];
  const facts: Facts = {
    version: 1,
    server: { version: session.version, name: session.serverVersion },
    tool: { version: chosen.tools.version, major: chosen.tools.major },
    database: await readProperties(session),
    materializedViews: (await readViews(session)).filter((one) => outside?.has(one.schema, one.name) !== true),
    roles: [...(await readRoles(session))],
    extensions: [...(await readExtensions(session))],
    collations: await readCollations(session),
    // Last: sequences are under no snapshot.
    sequences: [...(await readSequences(session, outside))],
    ...(part === undefined ? {} : { part }),
  };
  await hold.check();
  throwIfCancelled(context.signal);
  const written = await writeText(factsName, `${JSON.stringify(facts, null, 1)}\n`, sink);
  const roles = await dumpRoles(location, session.options, chosen, context);
  const ended: Ended[] = [...rows, skeleton, { end: written, proof: `${counted(facts.sequences.length, 'sequence')}, read last` }];
  const warnings = [...(chosen.notice === undefined ? [] : [chosen.notice]), ...marginal];
  if (roles === undefined) warnings.push('the definitions of the roles could not be read: a restore on another server needs them made by hand');
  else {
    const end = await writeText(rolesName, roles, sink);
    ended.push({ end, proof: 'pg_dumpall ended with 0' });
    await sink.object({ name: rolesName, kind: 'roles', group: rolesName });
  }
  const items = rowItems(rows);
  const fingerprint = fingerprintOf([...described, ...sequenceItems(facts.sequences), ...items]);
  for (const { table, total, end } of rows)
    await sink.object({
      name: table.called,
      kind: 'table',
      group: end.group,
      rows: total.rows,
      fingerprint: total.hash,
      meta: { ...describedTable(table, session.encoding) },
    });
  const ofTables = new Set(rows.map(({ table }) => table.called));
  for (const item of items)
    if (!ofTables.has(item.name))
      await sink.object({ name: item.name, kind: 'tree', fingerprint: item.hash, ...(item.rows === undefined ? {} : { rows: item.rows }) });
  await sink.object({ name: skeletonName, kind: 'skeleton', group: skeletonName, meta: { tool: chosen.tools.version } });
  await sink.object({ name: factsName, kind: 'database', group: factsName });
  return {
    consistency: 'transaction',
    serverVersion: session.serverVersion,
    tool: `pg_dump ${chosen.tools.version}`,
    fingerprint,
    endProofs: ended.map(({ end, proof }) => ({ stream: end.group, proof })),
    warnings,
    ...(part === undefined ? {} : { part: part.statements }),
    memo: {},
  };
}

async function writeText(group: string, text: string, sink: CaptureSink): Promise<GroupEnd> {
  const stream = await sink.group(group, 'lines');
  await stream.write(Uint8Array.from(Buffer.from(text)));
  return stream.end();
}

/** That says nothing of what the role may read: a capture that went on would lack what the next one has. */
const lostTheWay: ReadonlySet<string> = new Set(['source.unreachable', 'source.missing']);

/** Roles, memberships and their settings, without passwords; undefined where the role may not read them or the tool is not there. */
async function dumpRoles(location: PostgresLocation, options: string, chosen: Chosen<Tools>, context: EngineContext): Promise<string | undefined> {
  try {
    const { stdout } = await runTool(
      {
        tools: chosen.tools,
        program: 'pg_dumpall',
        args: ['--globals-only', '--no-role-passwords', '--no-sync'],
        place: { location, database: location.database, restoring: false, options },
        keepOutput: 16 << 20,
      },
      context,
    );
    // A key that is new at each run.
    return stdout
      .split('\n')
      .filter((line) => !/^\\(?:un)?restrict /.test(line))
      .join('\n');
  } catch (error) {
    if (!(error instanceof AppError) || context.signal.aborted || lostTheWay.has(error.code)) throw error;
    context.log.warn('the roles could not be dumped', { code: error.code });
    return undefined;
  }
}
