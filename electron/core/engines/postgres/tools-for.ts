import { AppError } from '../../base/errors.ts';
import type { EngineContext } from '../engine.ts';
import { runCommandIn } from './container-tool.ts';
import type { PostgresLocation } from './location.ts';
import { runningContainer } from './reach.ts';
import type { Session } from './session.ts';
import { findTools, toolsOf, type Tools, type ToolPlace, type ToolSettings } from './tools.ts';

/**
 * The client tools that can be used for a server, where they are: those of its own container, where it runs in one, and those that are
 * installed on this machine. `session` is one of that server's.
 */
export async function toolsFor(settings: ToolSettings, location: PostgresLocation, session: Session, context: EngineContext): Promise<readonly Tools[]> {
  return [...(await toolsInside(location, session, context)), ...(await findTools(settings, context.signal))];
}

async function toolsInside(location: PostgresLocation, session: Session, context: EngineContext): Promise<readonly Tools[]> {
  if (location.container === undefined) return [];
  // A certificate for the login lies on this machine, where no tool in the container reads it.
  if (location.sslcert !== undefined) return [];
  const { engine, row } = await runningContainer(location.container, context);
  const server = { host: await hostInside(session), port: location.port };
  // Before PATH: on it lie wrappers, in images of Debian, that choose a version by themselves.
  const folders = [`/usr/lib/postgresql/${String(Math.floor(session.version / 10_000))}/bin`, undefined];
  for (const folder of folders) {
    const place: ToolPlace = { kind: 'container', engine, id: row.id, name: row.name, folder, server };
    const tools = await versionInside(place, context);
    if (tools !== undefined) return [tools];
  }
  return [];
}

/** The server listens on its loopback, as a rule; else it is reached through its socket. */
async function hostInside(session: Session): Promise<string | undefined> {
  const [row] = await session.rows<{ addresses: string }>(`SELECT pg_catalog.current_setting('listen_addresses') AS addresses`);
  const addresses = (row?.addresses ?? '').split(',').map((one) => one.trim());
  if (addresses.some((one) => ['*', '0.0.0.0', '127.0.0.1', 'localhost'].includes(one))) return '127.0.0.1';
  return addresses.some((one) => one === '::' || one === '::1') ? '::1' : undefined;
}

async function versionInside(place: Extract<ToolPlace, { kind: 'container' }>, context: EngineContext): Promise<Tools | undefined> {
  const asked = (program: string) => runCommandIn(place, [place.folder === undefined ? program : `${place.folder}/${program}`, '--version'], context);
  try {
    const [dump, restore] = [await asked('pg_dump'), await asked('pg_restore')];
    return dump.exitCode === 0 && restore.exitCode === 0 ? toolsOf(place, dump.stdout) : undefined;
  } catch (error) {
    // An image without the program, and without a shell that says so by an exit code.
    if (error instanceof AppError && error.code === 'tool.failed') return undefined;
    throw error;
  }
}
