import { setTimeout as pause } from 'node:timers/promises';
import type { BelayClient } from '../contract/client.ts';
import { AppError, CancelledError, isAppError, isDiskFull, prepareHome, releaseReserve, systemMachine } from '../core/app/faces.ts';
import { connectOver } from './client.ts';
import { becomeHost } from './host.ts';
import type { Host, HostOptions } from './host.ts';
import { readLock } from './lock.ts';
import type { HostLock } from './lock.ts';
import { judgeOwner, ownerPorts } from './owner.ts';
import { LARGEST_FROM_HOST } from '../contract/wire.ts';
import { openSocket } from './wire/open-socket.ts';
import { socketChannel } from './wire/socket-channel.ts';

export type ConnectOptions = HostOptions & { readonly signal?: AbortSignal };

export interface Connected {
  readonly client: BelayClient;
  /** The host, where this process became it. It stays until it is closed; `lingerUntilIdle` does so when nobody needs it. */
  readonly host: Host | undefined;
}

/** How long a host that does not answer, or is closing, is waited for, milliseconds. */
const PATIENCE_MS = 20_000;
/** How long a host that answers may take to open the data directory. */
const OPENING_MS = 120_000;
const PAUSE_MS = 50;

/**
 * Attaches to the host of the data directory, or becomes it and attaches to that. Of several that start at once, one becomes the
 * host. Throws `home.in-use` where the owner is of another version, cannot be reached, or is on another machine;
 * `home.unusable`; and what `createBelay` throws. Aborting the signal ends a wait for another host at once, with `CancelledError`;
 * a host that this process is about to be is given up when it is open.
 */
export async function connectOrHost(options: ConnectOptions): Promise<Connected> {
  const home = await prepareHome(options.home);
  const found = await attachOrBecome({ ...options, home }, 'attach');
  if (found.host === undefined) return found;
  try {
    return { host: found.host, client: await found.host.client(options.startedBy) };
  } catch (error) {
    await found.host.close('its own client could not be made');
    throw error;
  }
}

/** Becomes the host of the data directory; where another process is it, throws `home.in-use` saying who. */
export async function hostAlone(options: ConnectOptions): Promise<Host> {
  const home = await prepareHome(options.home);
  const { host } = await attachOrBecome({ ...options, home }, 'refuse');
  return host;
}

type Mode = 'attach' | 'refuse';
type Found<M extends Mode> = M extends 'refuse'
  ? { readonly host: Host }
  : { readonly host: Host } | { readonly host: undefined; readonly client: BelayClient };

async function attachOrBecome<M extends Mode>(options: ConnectOptions, mode: M): Promise<Found<M>>;
async function attachOrBecome(options: ConnectOptions, mode: Mode): Promise<Found<'attach'>> {
  const { home, ports, signal } = options;
  const judge = ownerPorts(systemMachine(ports.clock));
  const deadline = ports.clock.monotonic() + PATIENCE_MS;
  for (;;) {
    if (signal?.aborted === true) throw new CancelledError();
    const lock = await readLock(home);
    if (lock === undefined) {
      const host = await becomeWithRoom(options, undefined);
      if (host !== undefined) return wanted(host, signal);
      await pause(PAUSE_MS, undefined, { signal });
      continue;
    }
    const client = await attach(lock, options);
    if (client !== undefined) {
      if (mode === 'attach') return { host: undefined, client };
      await client.close();
      throw inUse(home, lock, 'it answers');
    }
    const verdict = await orCancelled(judgeOwner(lock, judge), signal);
    if (verdict.state === 'dead') {
      ports.log.info('the lock of a dead host is taken over', { why: verdict.why, pid: lock.process.pid });
      const host = await becomeWithRoom(options, lock);
      if (host !== undefined) return wanted(host, signal);
    } else if (ports.clock.monotonic() > deadline) {
      throw inUse(home, lock, `it does not answer, and ${verdict.why}`);
    }
    await pause(PAUSE_MS, undefined, { signal });
  }
}

/** On a full disk the data directory's reserve is given up, so that a host can open and make room. */
async function becomeWithRoom(options: HostOptions, before: HostLock | undefined): Promise<Host | undefined> {
  const { home, ports } = options;
  if (await releaseReserve(home)) ports.log.warn('the disk is full: the data directory gave up its reserve');
  try {
    return await becomeHost(options, before);
  } catch (error) {
    // A quota shows only when something is written.
    if (!isDiskFull(error) || !(await releaseReserve(home, true))) throw error;
    ports.log.warn('there is no room: the data directory gave up its reserve');
    return becomeHost(options, before);
  }
}

async function wanted(host: Host, signal: AbortSignal | undefined): Promise<{ readonly host: Host }> {
  if (signal?.aborted !== true) return { host };
  await host.close('it is not wanted any more');
  throw new CancelledError();
}

/** For questions that leave nothing behind: the answer, unless the signal comes first. */
async function orCancelled<T>(question: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const cancel = (): void => reject(new CancelledError());
  signal?.addEventListener('abort', cancel, { once: true });
  if (signal?.aborted === true) cancel();
  try {
    return await Promise.race([question, promise]);
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

/** A client of the lock's owner; undefined where it cannot be reached now, or is closing. Throws where it refuses for good. */
async function attach(lock: HostLock, options: ConnectOptions): Promise<BelayClient | undefined> {
  const opening = openSocket(lock.socket);
  const socket = await orCancelled(opening, options.signal).catch((error: unknown) => {
    opening.then((late) => late?.destroy()).catch(() => undefined);
    throw error;
  });
  if (socket === undefined) return undefined;
  try {
    return await connectOver(socketChannel(socket, LARGEST_FROM_HOST), {
      version: options.version,
      client: options.startedBy,
      token: lock.token,
      patience: OPENING_MS,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  } catch (error) {
    if (isAppError(error, 'transport.closed')) return undefined;
    throw error;
  }
}

function inUse(home: string, lock: HostLock, why: string): AppError {
  return new AppError('home.in-use', `The data directory ${home} is in use by process ${String(lock.process.pid)} on ${lock.process.host}: ${why}.`, {
    hint: 'Close that Belay. Where it is certain that none runs, remove host.lock in the data directory.',
    details: { home, pid: lock.process.pid, host: lock.process.host, startedAt: lock.startedAt, startedBy: lock.startedBy, version: lock.belay },
  });
}
