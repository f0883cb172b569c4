import { createHash } from 'node:crypto';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { quietTask } from '../../../electron/core/base/ports.ts';
import { silentLog, systemClock, systemRandom } from '../../../electron/core/base/system.ts';
import type { Random } from '../../../electron/core/base/ports.ts';
import { createRepository } from '../../../electron/core/repository/create.ts';
import type { RepositoryPorts } from '../../../electron/core/repository/lock/world.ts';
import type { Repository, SnapshotRecord, Unlock } from '../../../electron/core/repository/repository.ts';
import { openRepository } from '../../../electron/core/repository/open.ts';

export type Content = ReadonlyMap<string, Uint8Array>;

export const ports = { clock: systemClock, random: systemRandom, log: silentLog };

/** Bytes that look random and that the seed decides: keys made of them cut the same content at the same places in each run. */
export function seededRandom(seed: string): Random {
  let count = 0;
  return {
    bytes(length) {
      count += 1;
      return new Uint8Array(createHash('shake256', { outputLength: length }).update(`${seed} ${count}`).digest());
    },
  };
}

/** A temporary folder that goes with its scope. */
export function temporaryFolder(): Disposable & { readonly path: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'belay-repository-'));
  return { path: folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A new repository of small chunks. */
export async function newRepository(
  folder: string,
  options: Parameters<typeof createRepository>[1] = {},
  around: RepositoryPorts = ports,
): Promise<Repository> {
  return (await createRepository(folder, { chunkAverage: 4096, ...options }, around)).repository;
}

export function reopen(folder: string, unlock: Unlock = { kind: 'none' }): Promise<Repository> {
  return openRepository(folder, { unlock }, ports);
}

/** Takes a snapshot in which each entry is an object in a group of its own. */
export async function take(repository: Repository, content: Content, parent?: string): Promise<SnapshotRecord> {
  const writer = await repository.begin(parent === undefined ? {} : { parent }, quietTask());
  try {
    for (const [name, bytes] of content) {
      const group = await writer.group(name, 'none');
      for (let at = 0; at < bytes.length; at += 1 << 20) await group.write(bytes.slice(at, at + (1 << 20)));
      await group.end();
      await writer.object({ name, kind: 'file', group: name, at: 0, length: bytes.length });
    }
    return await writer.commit({ source: 'test', engine: 'none', tags: [], createdAt: 1_700_000_000_000, capture: {} });
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/** Everything that a snapshot holds, by object name. */
export async function contentOf(repository: Repository, id: string): Promise<Content> {
  const names: string[] = [];
  for await (const object of repository.objects(id)) names.push(object.name);
  const content = new Map<string, Uint8Array>();
  for (const name of names) {
    const parts: Uint8Array[] = [];
    for await (const bytes of repository.read(id, name)) parts.push(bytes);
    content.set(name, new Uint8Array(Buffer.concat(parts)));
  }
  return content;
}

export function sameContent(a: Content, b: Content): boolean {
  return a.size === b.size && [...a].every(([name, bytes]) => b.get(name) !== undefined && Buffer.compare(bytes, b.get(name) ?? new Uint8Array(0)) === 0);
}

/** Hash over every file's path, kind and content: equal means that nothing was changed. */
export function treeHash(folder: string): string {
  const hash = createHash('sha256');
  const walk = (at: string): void => {
    for (const name of readdirSync(at).toSorted()) {
      const file = path.join(at, name);
      const found = lstatSync(file);
      hash.update(`${path.relative(folder, file)}\0${found.isDirectory() ? 'd' : 'f'}\0`);
      if (found.isDirectory()) walk(file);
      else hash.update(readFileSync(file)).update('\0');
    }
  };
  walk(folder);
  return hash.digest('hex');
}

/** Every file below a folder, by path within it, with its size. */
export function filesBelow(folder: string, within = ''): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const entry of readdirSync(path.join(folder, within), { withFileTypes: true })) {
    const at = within === '' ? entry.name : `${within}/${entry.name}`;
    if (entry.isDirectory()) for (const [file, bytes] of filesBelow(folder, at)) found.set(file, bytes);
    else found.set(at, lstatSync(path.join(folder, at)).size);
  }
  return found;
}

/** Bytes that look like rows: lines of text from a seed. */
export function rowsOf(count: number, seed: number): Uint8Array {
  let state = seed >>> 0 || 1;
  const next = (): number => (state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
  const lines = Array.from({ length: count }, (_none, i) => `${i}|${next().toString(36)}|${next().toString(16)}|name ${next() % 1000}|${next()}\n`);
  return new TextEncoder().encode(lines.join(''));
}

/** The same rows with one line changed here and there. */
export function churned(bytes: Uint8Array, seed: number, share: number): Uint8Array {
  let state = seed >>> 0 || 7;
  const next = (): number => (state = Math.imul(state ^ (state >>> 13), 0x5bd1e995) + 0x6d2b79f5) >>> 0;
  const lines = new TextDecoder().decode(bytes).split('\n');
  for (let i = 0; i < Math.max(1, lines.length * share); i += 1) {
    const at = next() % Math.max(1, lines.length - 1);
    lines[at] = `${lines[at]?.split('|')[0]}|${next().toString(36)}|changed ${next()}`;
  }
  return new TextEncoder().encode(lines.join('\n'));
}
