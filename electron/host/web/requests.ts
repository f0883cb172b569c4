import type { IncomingMessage, ServerResponse } from 'node:http';

/** Names by which a browser on this machine may reach the server. Anything else came through a name that leads here by DNS. */
export function ownHosts(port: number): ReadonlySet<string> {
  return new Set(['127.0.0.1', 'localhost', '[::1]'].map((name) => (port === 80 ? name : `${name}:${String(port)}`)));
}

/** True where the request was made to one of our own names; without a Host header it was not made by a browser of today. */
export function toOwnHost(request: IncomingMessage, port: number): boolean {
  return ownHosts(port).has((request.headers.host ?? '').toLowerCase());
}

/**
 * True where the page that makes the request, if one does, is our own. Browsers always state the origin with a WebSocket; a client
 * that is none states nothing, and has to know the token like any other.
 */
export function fromOwnOrigin(request: IncomingMessage, port: number): boolean {
  const { origin } = request.headers;
  if (origin === undefined) return true;
  return [...ownHosts(port)].some((host) => origin.toLowerCase() === `http://${host}`);
}

/** What every answer carries: nothing from elsewhere runs in our pages, nothing elsewhere frames or reads them. */
export function setSecurityHeaders(response: ServerResponse, port: number): void {
  // A policy has no form for the address of IPv6: browsers name such a source as invalid, and nothing listens there.
  const sockets = [...ownHosts(port)].filter((host) => !host.startsWith('[')).map((host) => `ws://${host}`);
  for (const [name, value] of Object.entries(securityHeaders(["'self'", ...sockets]))) response.setHeader(name, value);
}

/** The same for the pages of every face; `connect` is what their scripts may connect to. */
export function securityHeaders(connect: readonly string[]): Readonly<Record<string, string>> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    `connect-src ${connect.join(' ')}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    'Content-Security-Policy': policy.join('; '),
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), microphone=(), geolocation=(), clipboard-read=()',
    'Cache-Control': 'no-store',
  };
}

export function answer(response: ServerResponse, status: number, type: string, body: string, withBody = true): void {
  response.statusCode = status;
  response.setHeader('Content-Type', type);
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.end(withBody ? body : undefined);
}
