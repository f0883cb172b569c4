import type { EngineContext, Preflight, RestoreChoices, RestoreTarget, SnapshotContent } from '../../engine.ts';
import { counted } from '../../../base/words.ts';
import { AppError } from '../../../base/errors.ts';
import { collationsDiffer, readCollations } from '../capture/collations.ts';
import { databaseNumbers, sessionsOf, sessionWarnings, swapObstacles } from './databases.ts';
import { describeLocation, locationOf, type PostgresLocation } from '../location.ts';
import { newContainerOf, preflightNew, settleNew } from './new-container.ts';
import { unsettledBlockers, type Settled } from '../choices/asked.ts';
import { readFacts, storedObjects, type Facts, type Stored } from './objects.ts';
import { select } from '../choices/select.ts';
import { withServer, type Session } from '../session/session.ts';
import { readCaptured, settleChoices, type Captured } from '../choices/settle.ts';
import type { PostgresSettings } from '../settings.ts';
import { imageFor } from '../throw-away/prepare.ts';
import { toolsToRestore } from '../tools/tools-for.ts';

interface Findings {
  readonly blockers: Preflight['blockers'][number][];
  readonly warnings: string[];
}

/** Looks at the server that will take the copy: room for the name, roles, extensions, tools, sessions. Writes nothing. */
export async function preflight(settings: PostgresSettings, snapshot: SnapshotContent, target: RestoreTarget, context: EngineContext): Promise<Preflight> {
  const location = locationOf(target.location);
  const stored = await storedObjects(snapshot);
  const facts = await readFacts(snapshot, context.signal);
  const found: Findings = { blockers: [], warnings: [] };
  const bytesNeeded = stored.tables.reduce((sum, table) => sum + table.bytes, stored.skeleton.length ?? 0);
  const captured = await readCaptured(snapshot, stored, facts, target.choices, context.signal);
  const name = newContainerOf(location);
  if (name !== undefined) {
    const wanted = { name, target, snapshot, facts, captured };
    const planned = await preflightNew(wanted, stored.tables.length, bytesNeeded, context);
    const settled = await settleNew(wanted, context);
    found.blockers.push(...planned.blockers, ...unsettledBlockers(settled));
    found.warnings.push(...settled.warnings);
    if (target.choices?.only !== undefined) lookAtSelection(captured, stored, target.choices.only, target.mode, found);
    if (facts.part !== undefined) lookAtPart(facts.part.statements, false, target, found);
    return { ...planned, ...found };
  }
  if (target.mode === 'throw-away') {
    const wanted = { location: locationOf(snapshot.location), facts, place: target.throwAway };
    const server = await imageFor(settings.owner, wanted, context);
    if (typeof server !== 'string') {
      if (facts.part !== undefined) lookAtPart(facts.part.statements, false, target, found);
      return { ...found, steps: stepsInContainer(server.name, stored.tables.length), bytesNeeded };
    }
  }
  const there = await withServer(location, context, async (server) => {
    await lookAtServer(settings, location, server, facts, found, context);
    const settled = await settleChoices(server, captured, target.choices);
    await lookAtRoles(server, settled, found);
    found.warnings.push(...settled.warnings);
    if (target.choices?.only !== undefined) lookAtSelection(captured, stored, target.choices.only, target.mode, found);
    const existing = await lookAtTarget(server, location, target.mode, found);
    if (facts.part !== undefined) lookAtPart(facts.part.statements, existing, target, found);
    return existing;
  });
  return { ...found, steps: stepsOf(location, target.mode, there, stored.tables.length), bytesNeeded };
}

function stepsInContainer(image: string, tables: number): readonly string[] {
  return [
    `start a throw-away server in a container of the image ${image}`,
    `load ${counted(tables, 'table')}, then build indexes, constraints and triggers`,
    'compare it with the snapshot',
    'remove the container with all that it holds',
  ];
}

function stepsOf(location: PostgresLocation, mode: RestoreTarget['mode'], there: boolean, tables: number): readonly string[] {
  return [
    mode === 'throw-away' ? 'make a scratch database on the same server' : 'make a new database beside it',
    `load ${counted(tables, 'table')}, then build indexes, constraints and triggers`,
    'compare it with the snapshot',
    ...(mode === 'throw-away'
      ? ['remove it again']
      : there
        ? [`rename ${location.database} away and keep it`, `rename the new database to ${location.database}`]
        : [`give it the name ${location.database}`]),
  ];
}

async function lookAtServer(
  settings: PostgresSettings,
  location: PostgresLocation,
  server: Session,
  facts: Facts,
  { blockers, warnings }: Findings,
  context: EngineContext,
): Promise<void> {
  const [from, to] = [Math.floor(facts.server.version / 10_000), Math.floor(server.version / 10_000)];
  if (to < from)
    blockers.push({
      code: 'engine.unsupported',
      statement: `The snapshot is of PostgreSQL ${from}, the server is ${to}: an older server does not take it.`,
      hint: `Restore into PostgreSQL ${from} or newer.`,
    });
  if (to > from) warnings.push(`the snapshot is of PostgreSQL ${from}, the server is ${to}: what the newer one writes in another way will show as different`);
  const sorting = collationsDiffer(facts.collations, await readCollations(server), facts.database);
  if (sorting !== undefined) warnings.push(sorting);
  const [rights] = await server.rows<{ create: boolean }>('SELECT rolcreatedb OR rolsuper AS create FROM pg_catalog.pg_roles WHERE rolname = current_user');
  if (rights?.create !== true)
    blockers.push({ code: 'target.denied', statement: 'The role may not make databases.', hint: 'Grant it CREATEDB, or give the source a restore role.' });
  else if (!server.superuser) warnings.push('the role is no superuser: grants by other roles may not be restored');
  try {
    await toolsToRestore(settings, location, server, facts.tool.major, context);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'tool.missing') throw error;
    blockers.push({ code: 'engine.unsupported', statement: error.message, hint: error.hint ?? '' });
  }
}

async function lookAtRoles(server: Session, settled: Settled, { blockers }: Findings): Promise<void> {
  const { asked } = settled;
  blockers.push(...unsettledBlockers(settled));
  if (asked.created.length === 0) return;
  const [may] = await server.rows<{ create: boolean }>('SELECT rolcreaterole OR rolsuper AS create FROM pg_catalog.pg_roles WHERE rolname = current_user');
  if (may?.create !== true)
    blockers.push({
      code: 'target.denied',
      statement: `The role may not make roles (${asked.created.slice(0, 10).join(', ')}).`,
      hint: 'Grant it CREATEROLE, or use --role or --no-owner.',
    });
}

function lookAtSelection(
  { entries }: Captured,
  stored: Stored,
  { schemas = [], tables = [] }: NonNullable<RestoreChoices['only']>,
  mode: RestoreTarget['mode'],
  { blockers, warnings }: Findings,
): void {
  if (mode !== 'new')
    blockers.push({
      code: 'engine.unsupported',
      statement: 'Some of a snapshot goes into a new database: in the place of another, all else would be gone.',
      hint: 'Name a database that does not exist: --to',
    });
  warnings.push(...select(entries, stored.tables, { schemas, tables }).notes);
}

function lookAtPart(part: readonly string[], there: boolean, { mode, choices }: RestoreTarget, { blockers, warnings }: Findings): void {
  if (there && mode === 'replace' && choices?.acceptPart !== true)
    blockers.push({
      code: 'engine.unsupported',
      statement: `The snapshot is of a part of its database (${part.join('; ')}): what it does not hold would be gone from the target.`,
      hint: 'Restore it into a new database with --to, or say that a part is meant: --accept-part',
    });
  else warnings.push(`the snapshot is of a part of its database: ${part.join('; ')}`);
}

/** True where a database of the target's name is there. */
async function lookAtTarget(server: Session, location: PostgresLocation, mode: RestoreTarget['mode'], { blockers, warnings }: Findings): Promise<boolean> {
  const there = (await databaseNumbers(server, [location.database])).has(location.database);
  if (mode === 'in-place')
    blockers.push({
      code: 'engine.unsupported',
      statement: 'PostgreSQL is not restored in place.',
      hint: 'Restore by replacing the database: its sessions are ended for a moment.',
    });
  if (there && mode === 'new')
    blockers.push({
      code: 'target.exists',
      statement: `${describeLocation(location)} exists already.`,
      hint: 'Name a database that does not exist, or replace it.',
    });
  if (!there || mode !== 'replace') return there;
  for (const statement of await swapObstacles(server, [location.database]))
    blockers.push({ code: 'target.busy', statement: `The database cannot be swapped: ${statement}.`, hint: 'End it first.' });
  warnings.push(...sessionWarnings(await sessionsOf(server, location.database)));
  return there;
}
