import { LARGEST_FROM_HOST } from '../contract/wire.ts';
import { readLock } from '../host/lock.ts';
import type { Channel } from '../host/wire/channel.ts';
import { openSocket } from '../host/wire/open-socket.ts';
import { socketChannel } from '../host/wire/socket-channel.ts';
import { AppError } from '../core/app/faces.ts';
import type { HostStarter } from './hosting/starter.ts';

export interface Reached {
  readonly channel: Channel;
  /** What the greeting must show. It never leaves this process but to the host. */
  readonly token: string;
}

/**
 * A new connection to the host of the data directory, which is started where none answers. Throws `transport.closed` where it can be
 * tried again, and what the host could not be opened for.
 */
export async function reachHost(home: string, starter: HostStarter): Promise<Reached> {
  const found = await attach(home);
  if (found !== undefined) return found;
  await starter.start();
  const started = await attach(home);
  if (started !== undefined) return started;
  throw new AppError('transport.closed', 'The host does not answer.', { retryable: true });
}

async function attach(home: string): Promise<Reached | undefined> {
  const lock = await readLock(home);
  const socket = lock === undefined ? undefined : await openSocket(lock.socket);
  return lock === undefined || socket === undefined ? undefined : { channel: socketChannel(socket, LARGEST_FROM_HOST), token: lock.token };
}
