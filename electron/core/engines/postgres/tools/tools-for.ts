import type { EngineContext } from '../../engine.ts';
import { toolsInContainer } from './container-tool.ts';
import type { PostgresLocation } from '../location.ts';
import { runningContainer } from '../session/reach.ts';
import type { Session } from '../session/session.ts';
import type { PostgresSettings } from '../settings.ts';
import { toolsInImages, type ImagesAsked } from '../throw-away/tools.ts';
import { chooseForDump, chooseForRestore, findTools, type Chosen, type FoundTools, type Tools } from './tools.ts';

/**
 * The tools to dump a server with: those of its own container, or of that container's image; else those that are installed on this machine; where these are not
 * of the server's own version, those of an image of its major that is on this machine. `session` is one of that server's. Throws `tool.missing` with what to do.
 */
export async function toolsToDump(settings: PostgresSettings, location: PostgresLocation, session: Session, context: EngineContext): Promise<Chosen> {
  const near = await toolsNear(settings, location, session, context);
  const major = Math.floor(session.version / 10_000);
  if (near.some((one) => one.major === major && one.minor >= session.version % 10_000)) return chooseForDump(near, session.version);
  const images = await toolsInImages(settings.owner, await asked(location, session, major, false), context);
  return chooseForDump([...near, ...images.found], session.version, images.why);
}

/** The tools to restore into a server with, what tools of the major `dumpedBy` dumped; in the same order. Throws `tool.missing` with what to do. */
export async function toolsToRestore(
  settings: PostgresSettings,
  location: PostgresLocation,
  session: Session,
  dumpedBy: number,
  context: EngineContext,
): Promise<FoundTools> {
  const near = await toolsNear(settings, location, session, context);
  const major = Math.max(Math.floor(session.version / 10_000), dumpedBy);
  if (near.some((one) => one.major === major)) return chooseForRestore(near, session.version, dumpedBy);
  const images = await toolsInImages(settings.owner, await asked(location, session, major, false), context);
  return chooseForRestore([...near, ...images.found], session.version, dumpedBy, images.why);
}

/** What only reads files: of this machine, else of an image. Nothing is asked of a server, which need not run. Throws `tool.missing`. */
export async function toolsToRead(
  settings: PostgresSettings,
  location: PostgresLocation,
  version: number,
  dumpedBy: number,
  context: EngineContext,
): Promise<FoundTools> {
  const here = await findTools(settings, context.signal);
  const major = Math.max(Math.floor(version / 10_000), dumpedBy);
  if (here.some((one) => one.major === major)) return chooseForRestore(here, version, dumpedBy);
  const images = await toolsInImages(settings.owner, { location, major, server: undefined, onlyOwn: false }, context);
  return chooseForRestore([...here, ...images.found], version, dumpedBy, images.why);
}

async function asked(location: PostgresLocation, session: Session, major: number, onlyOwn: boolean): Promise<ImagesAsked> {
  const [row] = await session.rows<{ ssl: boolean }>('SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid()');
  return { location, major, server: { location, encrypted: row?.ssl === true }, onlyOwn };
}

async function toolsNear(settings: PostgresSettings, location: PostgresLocation, session: Session, context: EngineContext): Promise<readonly FoundTools[]> {
  const inside = await toolsInside(location, session, context);
  const installed = await findTools(settings, context.signal);
  if (location.container === undefined || inside.length > 0) return [...inside, ...installed];
  const major = Math.floor(session.version / 10_000);
  const { found } = await toolsInImages(settings.owner, await asked(location, session, major, true), context);
  return [...found, ...installed];
}

async function toolsInside(location: PostgresLocation, session: Session, context: EngineContext): Promise<readonly Tools[]> {
  if (location.container === undefined) return [];
  // A certificate for the login lies on this machine, where no tool in the container reads it.
  if (location.sslcert !== undefined) return [];
  const { engine, row } = await runningContainer(location.container, context);
  const server = { host: await hostInside(session), port: location.port };
  const tools = await toolsInContainer({ kind: 'container', engine, id: row.id, name: row.name, server }, Math.floor(session.version / 10_000), context);
  return tools === undefined ? [] : [tools];
}

/** The server listens on its loopback, as a rule; else it is reached through its socket. */
async function hostInside(session: Session): Promise<string | undefined> {
  const [row] = await session.rows<{ addresses: string }>(`SELECT pg_catalog.current_setting('listen_addresses') AS addresses`);
  const addresses = (row?.addresses ?? '').split(',').map((one) => one.trim());
  if (addresses.some((one) => ['*', '0.0.0.0', '127.0.0.1', 'localhost'].includes(one))) return '127.0.0.1';
  return addresses.some((one) => one === '::' || one === '::1') ? '::1' : undefined;
}
