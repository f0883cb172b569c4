import { createReadStream } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { systemCode } from '../../core/app/faces.ts';
import { answer } from './requests.ts';

const types: ReadonlyMap<string, string> = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.json', 'application/json; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
  ['.png', 'image/png'],
  ['.ico', 'image/x-icon'],
  ['.woff2', 'font/woff2'],
  ['.txt', 'text/plain; charset=utf-8'],
]);

/**
 * One file of `folder` to be served, with its type; undefined for anything else. Only regular files of known kinds inside it are served: no parent folders in any spelling, no
 * hidden files, no links that lead out. A path without an ending is a place inside the window and gets its page.
 */
export async function findFile(folder: string, urlPath: string): Promise<{ readonly file: string; readonly type: string } | undefined> {
  const relative = relativePath(urlPath);
  const type = relative === undefined ? undefined : types.get(path.extname(relative));
  const file = relative === undefined || type === undefined ? undefined : await insideOf(folder, relative);
  return file === undefined || type === undefined ? undefined : { file, type };
}

/** Serves what `findFile` finds, else says that it is not there. */
export async function serveFile(folder: string, urlPath: string, response: ServerResponse, withBody: boolean): Promise<void> {
  const found = await findFile(folder, urlPath);
  if (found === undefined) {
    answer(response, 404, 'text/plain; charset=utf-8', 'Not found.\n', withBody);
    return;
  }
  const handle = await open(found.file, 'r');
  try {
    const facts = await handle.stat();
    if (!facts.isFile()) {
      answer(response, 404, 'text/plain; charset=utf-8', 'Not found.\n', withBody);
      return;
    }
    response.statusCode = 200;
    response.setHeader('Content-Type', found.type);
    response.setHeader('Content-Length', facts.size);
    if (!withBody || facts.size === 0) response.end();
    else await pipeline(createReadStream('', { fd: handle.fd, autoClose: false, end: facts.size - 1 }), response);
  } finally {
    await handle.close();
  }
}

/** The file's path below the folder, with forward slashes; undefined for anything that is not plainly one. */
export function relativePath(urlPath: string): string | undefined {
  let decoded: string;
  try {
    decoded = decodeURIComponent(urlPath);
  } catch {
    return undefined;
  }
  if (!decoded.startsWith('/') || /[\\\0:%]/.test(decoded)) return undefined;
  const parts = decoded.slice(1).split('/');
  if (parts.at(-1) === '' || path.posix.extname(decoded) === '') return parts.some(suspicious) && decoded !== '/' ? undefined : 'index.html';
  return parts.some(suspicious) ? undefined : parts.join('/');
}

function suspicious(part: string): boolean {
  return part === '' || part.startsWith('.');
}

async function insideOf(folder: string, relative: string): Promise<string | undefined> {
  try {
    const root = await realpath(folder);
    const file = await realpath(path.join(root, relative));
    return file.startsWith(root + path.sep) ? file : undefined;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'EACCES'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
}
