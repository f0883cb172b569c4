import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRepository } from '../../electron/core/repository/open.ts';
import { Cursor, messageOf } from '../independent/bytes.ts';
import { tagsOf } from '../independent/history.ts';
import { openKeys } from '../independent/keys.ts';
import { parsePackFooter } from '../independent/packs.ts';
import { IndependentReader } from '../independent/reader.ts';
import { SealedFile, fileType } from '../independent/sealed.ts';
import { inputs } from './independent-inputs.ts';
import { differences, expected, filesBelow, make, ports } from './independent-made.ts';
import type { Made } from './independent-made.ts';

const passphrase = 'Grüße aus dem Speicher';

let root = '';
let open: Made;
let shut: Made;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'belay-second-reader-'));
  open = await make(join(root, 'open'), 4096, undefined);
  shut = await make(join(root, 'shut'), 16_384, passphrase);
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

function copyOf(made: Made, name: string): string {
  const folder = join(root, name);
  cpSync(made.folder, folder, { recursive: true });
  return folder;
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0x10, at);
  writeFileSync(path, bytes);
}

/** Why not everything can be read; empty where all can. */
function refusal(folder: string): string {
  try {
    const reader = new IndependentReader(folder);
    return differences(reader, open).join(', ');
  } catch (error) {
    return messageOf(error);
  }
}

describe('what the product wrote, read by a reader that shares no code with it', () => {
  test('every object of every snapshot, without protection', () => {
    const reader = new IndependentReader(open.folder);
    expect(reader.history.snapshots.map(({ id }) => id)).toEqual(open.ids);
    expect(differences(reader, open)).toEqual([]);
    expect(reader.warnings).toEqual([]);
    expect(reader.segments.delta).toBeGreaterThan(0);
    expect(reader.segments.plain).toBeGreaterThan(0);
  });

  test('every object of every snapshot, by passphrase, key file and recovery key', () => {
    expect(shut.recovery).toBeDefined();
    expect(shut.keyFile).toBeDefined();
    const decomposed = passphrase.normalize('NFD');
    for (const secret of [{ kind: 'passphrase', value: decomposed } as const, shut.keyFile, shut.recovery]) {
      const reader = new IndependentReader(shut.folder, secret);
      expect(reader.history.snapshots).toHaveLength(inputs.length);
      expect(reader.warnings).toEqual([]);
    }
    expect(differences(new IndependentReader(shut.folder, shut.recovery), shut)).toEqual([]);
    expect(() => new IndependentReader(shut.folder, { kind: 'passphrase', value: `${passphrase} ` })).toThrow('its tag does not fit');
    expect(() => new IndependentReader(shut.folder)).toThrow('needs a passphrase');
  });

  test('manifests and journal', () => {
    const { history } = new IndependentReader(open.folder);
    expect(history.snapshots.map(({ manifest }) => manifest['source'])).toEqual(inputs.map(() => 'shop'));
    expect(history.snapshots.map((snapshot) => tagsOf(snapshot, history.facts))).toEqual([['later'], ...inputs.slice(1).map((_, at) => [`number-${at + 1}`])]);
    expect(history.facts).toContainEqual({ kind: 'pin', snapshot: open.ids[1], reason: 'kept' });
  });

  test('what a writer must: bases only from plain segments of packs of earlier snapshots, second copies the same', () => {
    const keys = openKeys(open.folder, undefined);
    const paths = [...filesBelow(join(open.folder, 'packs')), ...filesBelow(join(open.folder, 'meta'))];
    const packs = paths.map((path) => {
      const type = path.includes('/meta/') ? fileType.metadata : fileType.data;
      using file = new SealedFile(path, type, keys);
      const pack = { name: basename(path), type };
      return { path, written: statSync(path).mtimeMs, segments: parsePackFooter(new Cursor(file.footer().plain, path), pack, path).segments };
    });
    const plain = (segment: (typeof packs)[number]['segments'][number], base: string) => !segment.delta && segment.chunks.some(({ id }) => id === base);
    const bases = packs.flatMap((pack) => pack.segments.flatMap((segment) => segment.bases.map((base) => ({ base, pack }))));
    const wrong = bases.filter(({ base, pack }) => !packs.some((one) => one.written < pack.written && one.segments.some((segment) => plain(segment, base))));
    expect(bases.length).toBeGreaterThan(100);
    expect(wrong).toEqual([]);
    for (const place of ['meta', 'snapshots', 'config']) {
      const copies = place === 'config' ? [join(open.folder, place)] : filesBelow(join(open.folder, place));
      for (const path of copies) expect(readFileSync(path.replace(`/${place}`, `/${place}.copy`)).equals(readFileSync(path)), path).toBe(true);
    }
  });

  test('by its command', () => {
    const command = fileURLToPath(new URL('../independent/reader.ts', import.meta.url));
    const run = (...words: string[]) => execFileSync(process.execPath, [command, ...words], { maxBuffer: 64 * 1024 * 1024 });
    const listed = run(open.folder, 'list').toString().trimEnd().split('\n');
    expect(listed.map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(open.ids);
    const [name, bytes] = [...expected(inputs[1] ?? inputs[0])][0] ?? ['', Buffer.alloc(0)];
    expect(run(open.folder, 'objects', '2').toString()).toContain(JSON.stringify(name));
    writeFileSync(join(root, 'passphrase'), `${passphrase}\n`);
    expect(run(shut.folder, '--passphrase-file', join(root, 'passphrase'), 'cat', '2', name).equals(bytes)).toBe(true);
  });

  test('the product reads on what it wrote, so that neither reader is alone in being right', async () => {
    const repository = await openRepository(open.folder, { unlock: { kind: 'none' } }, ports);
    try {
      for (const [at, input] of inputs.entries()) {
        for (const [name, bytes] of expected(input)) {
          const pieces: Uint8Array[] = [];
          for await (const piece of repository.read(open.ids[at] ?? '', name)) pieces.push(piece);
          expect(Buffer.concat(pieces).equals(bytes), name).toBe(true);
        }
      }
    } finally {
      await repository.close();
    }
  });
});

describe('damaged copies', () => {
  test('a flipped byte in any pack of data: refused, and the pack is named', () => {
    for (const [at, path] of filesBelow(join(open.folder, 'packs')).entries()) {
      const folder = copyOf(open, `flipped-${at}`);
      flip(join(folder, path.slice(open.folder.length)), 70);
      expect(refusal(folder)).toContain(path.slice(-32));
    }
  });

  test('no index file at all; then no second copies either', () => {
    const folder = copyOf(open, 'no-index');
    rmSync(join(folder, 'index'), { recursive: true });
    expect(refusal(folder)).toBe('');
    for (const name of ['config.copy', 'meta.copy', 'snapshots.copy']) rmSync(join(folder, name), { recursive: true });
    expect(refusal(folder)).toBe('');
  });

  test('each index file damaged', () => {
    const folder = copyOf(open, 'bad-index');
    for (const path of filesBelow(join(folder, 'index'))) flip(path, 80);
    expect(refusal(folder)).toBe('');
    expect(new IndependentReader(folder).warnings.length).toBeGreaterThan(0);
  });

  test('every first copy of config, manifests and metadata damaged', () => {
    const folder = copyOf(open, 'bad-first');
    for (const path of [join(folder, 'config'), ...filesBelow(join(folder, 'snapshots')), ...filesBelow(join(folder, 'meta'))]) flip(path, 70);
    const reader = new IndependentReader(folder);
    expect(reader.history.snapshots.map(({ id }) => id)).toEqual(open.ids);
    expect(differences(reader, open)).toEqual([]);
  });

  test('a manifest taken away with its copy is missed, the others are read', () => {
    const folder = copyOf(open, 'taken');
    for (const place of ['snapshots', 'snapshots.copy']) rmSync(join(folder, place, `0000000002-${open.ids[1] ?? ''}`));
    const reader = new IndependentReader(folder);
    expect(reader.warnings).toEqual([expect.stringContaining('number 2 is missing')]);
    expect(reader.history.snapshots.map(({ id }) => id)).toEqual([open.ids[0], ...open.ids.slice(2)]);
  });
});
