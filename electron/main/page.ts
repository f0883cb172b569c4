import { readFile } from 'node:fs/promises';
import { protocol } from 'electron';
import { PAGE_ORIGIN } from '../contract/shell.ts';
import { systemCode } from '../core/app/faces.ts';
import { securityHeaders } from '../host/web/requests.ts';
import { findFile } from '../host/web/static-files.ts';

const scheme = new URL(PAGE_ORIGIN).protocol.slice(0, -1);

/** To be called before the application is ready: the page's scheme is a secure one with an origin, and nothing is let past its policy. */
export function announceScheme(): void {
  protocol.registerSchemesAsPrivileged([{ scheme, privileges: { standard: true, secure: true, supportFetchAPI: true } }]);
}

/** Serves the built page, and nothing else, under `app://belay`. */
export function servePage(folder: string): void {
  protocol.handle(scheme, async (request) => answerTo(folder, request.method, request.url));
}

async function answerTo(folder: string, method: string, url: string): Promise<Response> {
  const headers = { ...securityHeaders(["'none'"]) };
  const asked = new URL(url);
  if (asked.host !== new URL(PAGE_ORIGIN).host || method !== 'GET') return new Response('Not found.\n', { status: 404, headers });
  const found = await findFile(folder, asked.pathname);
  const body = found === undefined ? undefined : await readFile(found.file).catch(missing);
  if (found === undefined || body === undefined) return new Response('Not found.\n', { status: 404, headers });
  return new Response(new Uint8Array(body), { status: 200, headers: { ...headers, 'Content-Type': found.type } });
}

function missing(error: unknown): undefined {
  if (systemCode(error) === 'ENOENT' || systemCode(error) === 'EISDIR') return undefined;
  throw error;
}
