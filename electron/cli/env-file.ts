import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../core/app/faces.ts';

const mostBytes = 64 << 10;
const line = /^\s*(?:export\s+)?DATABASE_URL\s*=\s*(?:"(?<double>[^"]*)"|'(?<single>[^']*)'|(?<bare>[^\s#]*))/;

/** `DATABASE_URL` of the folder's `.env` file, the last one where it stands there twice; undefined where there is none to read. */
export async function databaseUrlInEnvFile(folder: string): Promise<string | undefined> {
  const path = join(folder, '.env');
  try {
    const facts = await stat(path);
    if (!facts.isFile() || facts.size > mostBytes) return undefined;
    const found = (await readFile(path, 'utf8')).split('\n').findLast((text) => line.test(text));
    const { double, single, bare } = line.exec(found ?? '')?.groups ?? {};
    return double ?? single ?? bare;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return undefined;
  }
}
