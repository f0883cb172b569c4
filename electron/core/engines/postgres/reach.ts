import { connect } from 'node:net';
import { shellWord } from '../../base/command-line.ts';
import { AppError, CancelledError, throwIfCancelled } from '../../base/errors.ts';
import { findContainer, findService, type ContainerRow } from '../../containers/discovery.ts';
import { engineOrThrow, type Engine as ContainerEngine } from '../../containers/engine.ts';
import type { EngineContext } from '../engine.ts';
import { containerWords, type ContainerName, type PostgresLocation } from './location.ts';

/** How long a container's own address is given: machines on which it is not reachable drop what is sent there. */
const connectMs = 3000;

export interface FoundContainer {
  readonly engine: ContainerEngine;
  readonly row: ContainerRow;
}

/**
 * The container as it is now: one of Compose by project and service, since it is made anew at each change, any other by its name. Throws
 * what `engineOrThrow` does, `source.missing`, and `source.unreachable` with how to start it where it does not run.
 */
export async function runningContainer(name: ContainerName, context: EngineContext): Promise<FoundContainer> {
  const found = await foundContainer(name, context);
  const { row, engine } = found;
  if (row.state === 'running') return found;
  const words = row.state === 'paused' ? 'paused' : row.state === 'restarting' ? 'being restarted' : 'not running';
  throw new AppError('source.unreachable', `The container ${row.name} is ${words}.`, {
    hint: `${row.state === 'paused' ? 'Let it go on' : 'Start it'}: ${startLine(row, engine.product)}`,
    details: { container: row.name, state: row.state },
    retryable: true,
  });
}

/** The container, running or not. */
export async function foundContainer(name: ContainerName, context: EngineContext): Promise<FoundContainer> {
  throwIfCancelled(context.signal);
  if (context.containerEngine === undefined)
    throw new AppError('engine.unsupported', 'Containers are not looked for here.', { hint: 'Use the belay command, or give host and port.' });
  const engine = engineOrThrow(await context.containerEngine(context.signal));
  const row = 'name' in name ? await findContainer(engine, name.name, context.signal) : await findService(engine, name, context.signal);
  return { engine, row };
}

function startLine(row: ContainerRow, product: ContainerEngine['product']): string {
  return [product, row.state === 'paused' ? 'unpause' : 'start', row.name].map(shellWord).join(' ');
}

/**
 * The location with the host and port by which this machine reaches it now; one that names no container as it is. A container is reached
 * through a port that it publishes, where the engine runs on this machine; else by its own address, which Linux routes. Throws
 * `source.unreachable` where neither is possible.
 */
export async function reached(location: PostgresLocation, context: EngineContext): Promise<PostgresLocation> {
  const { container, ...rest } = location;
  if (container === undefined) return location;
  const { engine, row } = await runningContainer(container, context);
  const published = publishedAt(row, location.port);
  if (engine.local && published !== undefined) return { ...rest, ...published };
  const port = String(location.port);
  const hint = `Publish the port on 127.0.0.1 (ports: "127.0.0.1:${port}:${port}") and make the container anew.`;
  const details = { container: row.name, port: location.port };
  if (!engine.local)
    throw new AppError('source.unreachable', `The container ${row.name} runs on another machine (${containerWords(container)}).`, {
      hint: 'Add the database by the address at which this machine reaches it: postgres://user@host:port/database.',
      details,
    });
  if (process.platform !== 'linux' || row.addresses.length === 0)
    throw new AppError('source.unreachable', `The container ${row.name} publishes no port ${port}, and its own address cannot be reached.`, { hint, details });
  for (const { address } of row.addresses) if (await answers(address, location.port, context.signal)) return { ...rest, host: address };
  throw new AppError('source.unreachable', `The container ${row.name} publishes no port ${port}, and nothing answers at its own address.`, { hint, details });
}

/** Where a container's port is reached on the engine's machine; undefined where it is not published. */
function publishedAt(row: ContainerRow, port: number): { readonly host: string; readonly port: number } | undefined {
  const all = row.ports.flatMap((one) => (one.port === port && one.protocol === 'tcp' && one.published !== undefined ? [one.published] : []));
  const [best] = all.toSorted((a, b) => Number(a.host.includes(':')) - Number(b.host.includes(':')));
  if (best === undefined) return undefined;
  return { host: best.host === '0.0.0.0' ? '127.0.0.1' : best.host === '::' ? '::1' : best.host, port: best.port };
}

/** True where something takes a connection there in time. */
function answers(host: string, port: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const end = (finish: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      finish();
    };
    const timer = setTimeout(() => end(() => resolve(false)), connectMs);
    const onAbort = (): void => end(() => reject(new CancelledError()));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', () => end(() => resolve(true)));
    socket.on('error', () => end(() => resolve(false)));
  });
}
