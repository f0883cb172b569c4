import { BlockList, connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { shellWord } from '../../../../contract/command-line.ts';
import { AppError, CancelledError, throwIfCancelled } from '../../../base/errors.ts';
import { findContainer, findService, type ContainerRow } from '../../../containers/discovery.ts';
import { engineOrThrow, type Engine as ContainerEngine } from '../../../containers/engine.ts';
import type { EngineContext } from '../../engine.ts';
import type { ContainerName, PostgresLocation } from '../location.ts';

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
  const engine = engineOrThrow(await context.containerEngine(context.signal, 'work'));
  const row = 'name' in name ? await findContainer(engine, name.name, context.signal) : await findService(engine, name, context.signal);
  return { engine, row };
}

function startLine(row: ContainerRow, product: ContainerEngine['product']): string {
  return [product, row.state === 'paused' ? 'unpause' : 'start', row.name].map(shellWord).join(' ');
}

/** How a server is reached: over the network of this machine, or by a program in its container. */
export type Way =
  | { readonly kind: 'network'; readonly location: PostgresLocation }
  | { readonly kind: 'exec'; readonly found: FoundContainer; /** Why no network leads there. */ readonly why: AppError };

/**
 * How this machine reaches a location now. A container is reached through a port that it publishes, where the engine runs on this machine; else
 * by its own address, which Linux routes; else by a program in it.
 */
export async function wayTo(location: PostgresLocation, context: EngineContext): Promise<Way> {
  const { container, ...rest } = location;
  if (container === undefined) return { kind: 'network', location };
  const found = await runningContainer(container, context);
  const { engine, row } = found;
  const published = publishedAt(row, location.port);
  if (engine.local && published !== undefined) return { kind: 'network', location: { ...rest, ...published } };
  if (engine.local && process.platform === 'linux') {
    for (const { address } of row.addresses)
      if (isNear(address) && (await answers(row.id, address, location.port, context.signal))) return { kind: 'network', location: { ...rest, host: address } };
  }
  const port = String(location.port);
  const why = new AppError(
    'source.unreachable',
    engine.local
      ? `The container ${row.name} publishes no port ${port}, and nothing answers at an address of its own.`
      : `The container ${row.name} runs on another machine.`,
    {
      hint: `Publish the port on 127.0.0.1 (ports: "127.0.0.1:${port}:${port}") and make the container anew.`,
      details: { container: row.name, port: location.port },
    },
  );
  return { kind: 'exec', found, why };
}

/** The location with host and port of a network. Throws `source.unreachable` where none leads there. */
export async function reached(location: PostgresLocation, context: EngineContext): Promise<PostgresLocation> {
  const way = await wayTo(location, context);
  if (way.kind === 'network') return way.location;
  throw way.why;
}

/** Where a container's port is reached on the engine's machine; undefined where it is not published. */
function publishedAt(row: ContainerRow, port: number): { readonly host: string; readonly port: number } | undefined {
  const all = row.ports.flatMap((one) => (one.port === port && one.protocol === 'tcp' && one.published !== undefined ? [one.published] : []));
  const [best] = all.toSorted((a, b) => Number(a.host.includes(':')) - Number(b.host.includes(':')));
  if (best === undefined) return undefined;
  return { host: best.host === '0.0.0.0' ? '127.0.0.1' : best.host === '::' ? '::1' : best.host, port: best.port };
}

/** Whether this machine stands in a network of that address: a rootless engine's are its own, and the same number elsewhere is somebody else's. */
function isNear(address: string): boolean {
  return Object.values(networkInterfaces()).some((all) =>
    (all ?? []).some(({ cidr, family }) => {
      const [start = '', bits = ''] = (cidr ?? '').split('/');
      if (bits === '') return false;
      const network = new BlockList();
      const kind = family === 'IPv6' ? 'ipv6' : 'ipv4';
      network.addSubnet(start, Number(bits), kind);
      return network.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
    }),
  );
}

/** Addresses that this machine does not reach, by container: a desktop's engine has a network of its own, which drops what is sent there. */
const deaf = new Set<string>();

/** True where something takes a connection there in time. */
function answers(container: string, host: string, port: number, signal: AbortSignal): Promise<boolean> {
  const key = `${container} ${host}`;
  if (deaf.has(key)) return Promise.resolve(false);
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const end = (finish: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      finish();
    };
    const timer = setTimeout(() => {
      deaf.add(key);
      end(() => resolve(false));
    }, connectMs);
    const onAbort = (): void => end(() => reject(new CancelledError()));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', () => end(() => resolve(true)));
    socket.on('error', () => end(() => resolve(false)));
  });
}
