import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { WebSocketServer } from 'ws';
import { AppError, systemCode } from '../../core/app/faces.ts';
import type { Log, Random } from '../../core/app/faces.ts';
import type { Host } from '../host.ts';
import { LARGEST_FROM_CLIENT } from '../../contract/wire.ts';
import { webChannel } from '../wire/web-channel.ts';
import { healthOf } from './health.ts';
import { plainPage, plainScript, plainStyle } from './plain-page.ts';
import { answer, fromOwnOrigin, setSecurityHeaders, toOwnHost } from './requests.ts';
import { serveFile } from './static-files.ts';

export interface WebServer {
  /** What to open: `http://127.0.0.1:<port>/#token=<token>`. */
  readonly address: string;
  readonly port: number;
  /** Ends every connection; resolves when the port is free. Safe to call twice. */
  close(): Promise<void>;
}

export interface WebOptions {
  readonly host: Host;
  /** 0 or left out: a free one. */
  readonly port?: number;
  /** The built window's files; the plain page is served where it is left out or has no `index.html`. */
  readonly window?: string;
  readonly ports: { readonly random: Random; readonly log: Log };
}

const LOOPBACK = '127.0.0.1';
const MOST_CONNECTIONS = 100;
const GOING_AWAY = 1001;
/** How long a client may take to answer a goodbye. */
const GOODBYE_MS = 2000;

/**
 * Serves the window and its connection (`/connection`, WebSocket) on loopback. Every request must be made to one of the
 * machine's own names and, where a page makes it, by our own page; a connection must show the token that the address carries.
 * Throws `home.in-use` where the port is taken, `transport.denied` where it may not be used.
 */
export async function serveWeb(options: WebOptions): Promise<WebServer> {
  const { host, ports } = options;
  const token = Buffer.from(ports.random.bytes(32)).toString('hex');
  const health = healthOf(host.belay, host.version);
  const sockets = new WebSocketServer({ noServer: true, maxPayload: LARGEST_FROM_CLIENT, perMessageDeflate: false, clientTracking: true });
  const built = options.window !== undefined && existsSync(path.join(options.window, 'index.html')) ? options.window : undefined;
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5000, maxHeaderSize: 16 * 1024 });
  server.maxConnections = MOST_CONNECTIONS;

  server.on('request', (request, response) => {
    respond(request, response).catch((error: unknown) => {
      ports.log.error('a request failed', { error });
      if (response.headersSent) response.destroy();
      else answer(response, 500, 'text/plain; charset=utf-8', 'The host met a condition that it did not expect.\n');
    });
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const refusal = refusalOf(request);
    if (refusal !== undefined) {
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => host.serve(webChannel(webSocket), token));
  });

  const refusalOf = (request: IncomingMessage): string | undefined => {
    if (!toOwnHost(request, port)) return '421 Misdirected Request';
    if (!fromOwnOrigin(request, port)) return '403 Forbidden';
    return pathOf(request) === '/connection' ? undefined : '404 Not Found';
  };

  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    setSecurityHeaders(response, port);
    const withBody = request.method !== 'HEAD';
    const text = (status: number, body: string): void => answer(response, status, 'text/plain; charset=utf-8', body, withBody);
    if (!toOwnHost(request, port)) return text(421, 'This server answers to the names of this machine only.\n');
    if (!fromOwnOrigin(request, port)) return text(403, "Only the window's own pages may ask.\n");
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      return text(405, 'Only GET and HEAD.\n');
    }
    const asked = pathOf(request);
    if (asked === '/health') {
      const found = await health();
      return answer(response, found.status === 'ok' ? 200 : 503, 'application/json; charset=utf-8', `${JSON.stringify(found)}\n`, withBody);
    }
    if (asked === '/connection') return text(426, 'A WebSocket is served here.\n');
    if (built !== undefined) return serveFile(built, asked, response, withBody);
    if (asked === '/plain.js') return answer(response, 200, 'text/javascript; charset=utf-8', plainScript, withBody);
    if (asked === '/plain.css') return answer(response, 200, 'text/css; charset=utf-8', plainStyle, withBody);
    if (asked === '/') return answer(response, 200, 'text/html; charset=utf-8', plainPage, withBody);
    return text(404, 'Not found.\n');
  };

  const port = await listening(server, options.port ?? 0);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> =>
    (closing ??= new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
      for (const socket of sockets.clients) socket.close(GOING_AWAY);
      setTimeout(() => sockets.clients.forEach((socket) => socket.terminate()), GOODBYE_MS).unref();
    }));
  // The host tells its clients why first; then nothing is left to serve.
  void host.closed.then(close);
  ports.log.info('serving the window', { port, built: built !== undefined });
  return { address: `http://${LOOPBACK}:${String(port)}/#token=${token}`, port, close };
}

/** The path as sent, without its query: nothing is resolved in it before it is checked. */
function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split(/[?#]/, 1)[0] ?? '/';
}

function listening(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const code = systemCode(error);
      if (code === 'EADDRINUSE')
        reject(
          new AppError('home.in-use', `Port ${String(port)} is taken by another program.`, {
            hint: 'Choose another one with --port, or leave it out for a free one.',
            details: { port },
            cause: error,
          }),
        );
      else
        reject(
          new AppError('transport.denied', `Port ${String(port)} cannot be used.`, {
            hint: 'Choose another one with --port.',
            details: { port },
            cause: error,
          }),
        );
    });
    server.listen({ port, host: LOOPBACK, exclusive: true }, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
