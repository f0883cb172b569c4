import { existsSync } from 'node:fs';
import type { BelayClient } from '../contract/client.ts';
import type { Belay, HostFacts } from '../core/app/belay.ts';
import { AppError, isAppError, systemCode, systemMachine } from '../core/app/faces.ts';
import type { Clock, Log, Random } from '../core/app/faces.ts';
import { connectOver } from './client.ts';
import { listen, removeOldSockets, stillThere } from './endpoint.ts';
import type { Endpoint } from './endpoint.ts';
import { holdsLock, markOf, releaseLock, takeLock, takeOver } from './lock.ts';
import type { HostLock, LockMark } from './lock.ts';
import { judgeOwner, ownerPorts } from './owner.ts';
import { closingError, serveChannel } from './session.ts';
import type { Session } from './session.ts';
import type { Channel } from './wire/channel.ts';
import { memoryChannels } from './wire/memory-channel.ts';
import { LARGEST_FROM_CLIENT } from '../contract/wire.ts';
import { socketChannel } from './wire/socket-channel.ts';

export interface HostPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface HostOptions {
  /** The data directory, as `prepareHome` gave it. */
  readonly home: string;
  readonly version: string;
  readonly startedBy: HostFacts['startedBy'];
  /** Opens the core; called once, when the data directory is owned. */
  readonly createBelay: (facts: HostFacts) => Promise<Belay>;
  readonly ports: HostPorts;
}

/** The owner of a data directory, in this process: holds its lock, listens on its private socket, serves the core to clients. */
export interface Host {
  readonly home: string;
  readonly version: string;
  readonly belay: Belay;
  /** A client in this process, over the same messages as any other. */
  client(name: string): Promise<BelayClient>;
  /** Serves one more connection; `token` is what its client must show. */
  serve(channel: Channel, token: string): void;
  /** Welcomed clients. */
  clients(): number;
  /** Closes the host as soon as no client and no job is left; resolves when it has closed. */
  lingerUntilIdle(): Promise<void>;
  /** Cancels every job and waits for each, ends every connection, gives the data directory back. Safe to call twice. */
  close(reason: string): Promise<void>;
  /** Resolves when the host has closed, with why. */
  readonly closed: Promise<string>;
}

const GREETING_MS = 5000;
const OPENING_MS = 120_000;

/**
 * Becomes the host of `home`. Resolves with undefined where another process is it, or is about to be. `before` is the lock of a
 * host that was found dead. Rejects with what opening the core throws; the lock is given back then.
 */
export async function becomeHost(options: HostOptions, before: HostLock | undefined): Promise<Host | undefined> {
  const { ports } = options;
  const machine = systemMachine(ports.clock);
  const host = new RunningHost(options, hex(ports.random, 32));
  const nonce = hex(ports.random, 16);
  let endpoint: Endpoint;
  try {
    endpoint = await listen(options.home, nonce, (socket) => host.serve(socketChannel(socket, LARGEST_FROM_CLIENT), host.token));
  } catch (error) {
    if (systemCode(error) === 'ENOENT' && existsSync(options.home)) return undefined;
    throw asUnusable(options.home, error);
  }
  const giveBack = async (): Promise<void> => {
    await endpoint.close();
    await releaseLock(options.home, nonce);
  };
  const lost = async (): Promise<undefined> => {
    host.abandon(closingError('another process is the host'));
    await giveBack();
    return undefined;
  };
  try {
    const lock: HostLock = {
      version: 1,
      nonce,
      token: host.token,
      socket: endpoint.address,
      belay: options.version,
      startedBy: options.startedBy,
      startedAt: ports.clock.now(),
      process: await machine.self(),
    };
    const { home } = options;
    const judge = ownerPorts(machine);
    const owned = await (before === undefined
      ? takeLock(home, lock)
      : takeOver(home, before, lock, async (other) => (await judgeOwner(other, judge)).state === 'dead'));
    if (!owned || !(await stillThere(endpoint))) return await lost();
    const mark = await markOf(home, nonce);
    if (mark === undefined) return await lost();
    await host.start(endpoint, mark);
    return host;
  } catch (error) {
    // Who greeted meanwhile waits for the core.
    host.abandon(error);
    // What could not be given back belongs to a dead process when this one ends; why the core did not open is what the user needs.
    await giveBack().catch((left: unknown) => ports.log.warn('the data directory was not given back whole', { error: left }));
    throw asUnusable(options.home, error);
  }
}

/** What a data directory on a full, read-only or foreign disk fails with, as what it is. */
function asUnusable(home: string, error: unknown): unknown {
  const why = unusable.get(systemCode(error) ?? '');
  if (why === undefined || isAppError(error)) return error;
  return new AppError('home.unusable', `The data directory ${home} cannot be used: ${why}.`, {
    hint: 'Make room or give this user the right to write there, or name another one with BELAY_HOME.',
    details: { home },
    cause: error,
  });
}

const unusable: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'it is no longer there'],
  ['EACCES', 'this user may not write there'],
  ['EPERM', 'this user may not write there'],
  ['EROFS', 'its disk is read-only'],
  ['ENOSPC', 'its disk is full'],
  ['EDQUOT', 'the quota of this user is used up'],
  ['EIO', 'its disk fails'],
  ['ENOTSUP', 'its file system has no sockets'],
  ['EOPNOTSUPP', 'its file system has no sockets'],
]);

class RunningHost implements Host {
  readonly home: string;
  readonly version: string;
  readonly token: string;
  readonly closed: Promise<string>;
  readonly #options: HostOptions;
  readonly #opened = Promise.withResolvers<Belay>();
  readonly #ended = Promise.withResolvers<string>();
  readonly #sessions = new Set<Session>();
  readonly #unlisten: (() => void)[] = [];
  #belay: Belay | undefined;
  #endpoint: Endpoint | undefined;
  #mark: LockMark | undefined;
  #count = 0;
  #reason: string | undefined;
  #closing: Promise<void> | undefined;
  #lingering = false;

  constructor(options: HostOptions, token: string) {
    this.home = options.home;
    this.version = options.version;
    this.token = token;
    this.#options = options;
    this.closed = this.#ended.promise;
    // Clients that came before the core was open are told by their session; a host without any has nobody to tell.
    this.#opened.promise.catch(() => undefined);
  }

  get belay(): Belay {
    if (this.#belay === undefined) throw new AppError('transport.closed', 'The host is not open.');
    return this.#belay;
  }

  /** Serves under the lock of that mark. */
  async start(endpoint: Endpoint, mark: LockMark): Promise<void> {
    const { createBelay, startedBy, ports } = this.#options;
    this.#endpoint = endpoint;
    this.#mark = mark;
    await removeOldSockets(this.home, endpoint, ports.log);
    this.#belay = await createBelay({ startedBy, clients: () => this.clients() });
    this.#unlisten.push(this.#belay.subscribe('job.changed', () => this.#settle()));
    this.#opened.resolve(this.#belay);
    ports.log.info('host open', { home: this.home, startedBy });
  }

  /** Tells clients that wait for the core why it does not open. Of no effect once it is open. */
  abandon(why: unknown): void {
    this.#opened.reject(why);
  }

  client(name: string): Promise<BelayClient> {
    const [near, far] = memoryChannels();
    this.#attach(far, undefined);
    return connectOver(near, { version: this.version, client: name, patience: OPENING_MS });
  }

  serve(channel: Channel, token: string): void {
    this.#attach(channel, token);
  }

  clients(): number {
    return [...this.#sessions].filter((session) => session.welcomed()).length;
  }

  lingerUntilIdle(): Promise<void> {
    this.#lingering = true;
    this.#settle();
    return this.closed.then(() => undefined);
  }

  close(reason: string): Promise<void> {
    this.#closing ??= this.#close(reason);
    return this.#closing;
  }

  #attach(channel: Channel, token: string | undefined): void {
    const session = serveChannel(channel, {
      version: this.version,
      token,
      belay: this.#opened.promise,
      closing: () => this.#reason,
      owned: () => this.#owned(),
      named: (client) => {
        this.#count += 1;
        return `${client} ${String(this.#count)}`;
      },
      log: this.#options.ports.log,
      changed: () => this.#settle(),
      gone: () => this.#sessions.delete(session),
      patience: GREETING_MS,
    });
    this.#sessions.add(session);
  }

  /** Throws `home.lost` where the lock is not this host's any more, and ends the host: what it has open is nobody's data directory. */
  async #owned(): Promise<void> {
    if (this.#reason !== undefined || this.#mark === undefined || (await holdsLock(this.home, this.#mark))) return;
    this.#options.ports.log.error('the lock of the data directory is gone or another one', { home: this.home });
    this.#end('its data directory was removed, moved or replaced');
    throw new AppError('home.lost', `The data directory ${this.home} was removed, moved or replaced while its host ran; nothing was begun.`, {
      hint: 'Look what is there now, then run the command again: a new host opens it.',
      details: { home: this.home },
      retryable: true,
    });
  }

  /** Closes where nothing keeps the host any more. In one turn with the check, so that nobody is welcomed in between. */
  #settle(): void {
    if (!this.#lingering || this.#reason !== undefined || this.clients() > 0 || this.belay.activeJobs() > 0) return;
    this.#end('no client and no job is left');
  }

  #end(reason: string): void {
    this.close(reason).catch((error: unknown) => this.#options.ports.log.error('the host could not close', { error }));
  }

  async #close(reason: string): Promise<void> {
    const { log } = this.#options.ports;
    this.#reason = reason;
    try {
      try {
        await this.#endpoint?.close();
      } finally {
        await this.#belay?.close(reason);
      }
    } finally {
      for (const unlisten of this.#unlisten) unlisten();
      for (const session of this.#sessions) session.close(reason);
      try {
        if (this.#mark !== undefined) await releaseLock(this.home, this.#mark.nonce);
      } finally {
        log.info('host closed', { reason });
        this.#ended.resolve(reason);
      }
    }
  }
}

function hex(random: Random, bytes: number): string {
  return Buffer.from(random.bytes(bytes)).toString('hex');
}
