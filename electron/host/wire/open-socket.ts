import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { AppError, systemCode } from '../../core/app/faces.ts';

/** A connection to the socket or pipe of a host; undefined where nobody listens there. Throws `transport.denied` where it is another user's. */
export function openSocket(address: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(address);
    socket.once('connect', () => {
      socket.off('error', failed);
      resolve(socket);
    });
    const failed = (error: Error): void => {
      const code = systemCode(error);
      if (code === 'EACCES' || code === 'EPERM')
        reject(new AppError('transport.denied', 'The socket of the host belongs to another user.', { details: { socket: address }, cause: error }));
      else resolve(undefined);
    };
    socket.once('error', failed);
  });
}
