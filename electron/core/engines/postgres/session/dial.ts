import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { AppError } from '../../../base/errors.ts';
import type { EngineContext } from '../../engine.ts';
import { execStream } from './exec-stream.ts';
import type { PostgresLocation } from '../location.ts';
import { wayTo } from './reach.ts';
import { connectMs } from './session.ts';
import { tlsOf } from './tls.ts';
import type { ServerWay } from '../tools/tools.ts';

/** The question of PostgreSQL's protocol whether the server encrypts. */
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/**
 * The bytes of a new connection to a server, before the first message of the one who uses it: encrypted as sessions of ours are, with the certificates and
 * the checks that the location asks for, so that its user speaks in clear and holds no key.
 */
export async function dial({ location, encrypted }: ServerWay, context: EngineContext): Promise<Duplex> {
  const way = await wayTo(location, context);
  const raw = way.kind === 'network' ? socketTo(way.location) : execStream(way.found, location.port, context);
  try {
    if (way.kind === 'exec') (raw as ReturnType<typeof execStream>).connect();
    const limit = AbortSignal.any([context.signal, AbortSignal.timeout(connectMs(location))]);
    await once(raw, 'connect', { signal: limit });
    if (!encrypted) return raw;
    const there = way.kind === 'network' ? way.location : insideOf(location);
    return await encryptedOver(raw, there, limit);
  } catch (error) {
    raw.destroy();
    throw error;
  }
}

function socketTo({ socket, host, port }: PostgresLocation): Socket {
  return socket === undefined ? connect({ host: host ?? 'localhost', port }) : connect({ path: join(socket, `.s.PGSQL.${String(port)}`) });
}

/** The way does not leave the container: there is no name to check. */
function insideOf(location: PostgresLocation): PostgresLocation {
  return location.sslmode.startsWith('verify') ? { ...location, sslmode: 'require' } : location;
}

async function encryptedOver(raw: Duplex, location: PostgresLocation, signal: AbortSignal): Promise<Duplex> {
  const options = await tlsOf(location);
  const answer = once(raw, 'data', { signal }) as Promise<[Buffer]>;
  raw.write(sslRequest);
  const [said] = await answer;
  // More than the one byte would be words of somebody in between, taken for the server's own.
  if (said.toString('latin1') !== 'S')
    throw new AppError('source.unreachable', 'The server does not encrypt any more.', { hint: 'Try again.', retryable: true });
  const host = location.host ?? 'localhost';
  const secure = connectTls({
    socket: raw,
    host,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(options === false ? { rejectUnauthorized: false } : options),
  });
  try {
    await once(secure, 'secureConnect', { signal });
    return secure;
  } catch (error) {
    secure.destroy();
    throw error;
  }
}
