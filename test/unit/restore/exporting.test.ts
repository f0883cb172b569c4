import { existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AppError } from '../../../electron/core/base/errors.ts';
import { systemRandom } from '../../../electron/core/base/system.ts';
import type { ExportResult } from '../../../electron/core/engines/engine.ts';
import { exportTo } from '../../../electron/core/restore/exporting.ts';
import { openRestoreRecords, type RestoreRecords } from '../../../electron/core/restore/records.ts';
import { settleAll } from '../../../electron/core/restore/settle.ts';
import { PlaceEngine, testContext } from '../../helpers/app/place-engine.ts';

let home: string;
let folder: string;
let to: string;
let records: RestoreRecords;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'belay-exporting-'));
  folder = join(home, 'project');
  mkdirSync(folder);
  to = join(folder, 'out.sqlite');
  records = await openRestoreRecords(home, { random: systemRandom });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Writes these beside what is asked for, and that one last. */
const writing =
  (...others: string[]) =>
  (path: string): Promise<ExportResult> => {
    const paths = [...others.map((name) => join(dirname(path), name)), path];
    for (const one of paths) writeFileSync(one, `new ${basename(one)}`, { flag: 'wx' });
    return Promise.resolve({ files: paths.toReversed().map((one) => ({ path: one, bytes: 1 })) });
  };
const run = (write: (path: string) => Promise<ExportResult>, replace = false) => exportTo({ to, replace }, write, records, testContext(home));
const read = (name: string) => readFileSync(join(folder, name), 'utf8');
/** A host that was killed, and the next one. */
const nextStart = async () => {
  records = await openRestoreRecords(home, { random: systemRandom });
  return settleAll(() => new PlaceEngine().engine, records, testContext(home));
};

describe('an export', () => {
  test('has its names when all is made, and leaves nothing else', async () => {
    const seen: string[] = [];
    const done = await run((path) => {
      seen.push(...readdirSync(folder));
      expect(records.exports()).toMatchObject([{ to, folder: dirname(path) }]);
      return writing('out.more.sqlite')(path);
    });
    expect(seen).toEqual([expect.stringMatching(/^\.belay-export-/)]);
    expect(done.files.map((file) => file.path)).toEqual([to, join(folder, 'out.more.sqlite')]);
    expect(readdirSync(folder)).toEqual(['out.more.sqlite', 'out.sqlite']);
    expect([read('out.sqlite'), read('out.more.sqlite')]).toEqual(['new out.sqlite', 'new out.more.sqlite']);
    expect(records.exports()).toEqual([]);
  });

  test.each([
    ['the file', 'out.sqlite', false],
    ['a file beside it', 'out.more.sqlite', false],
    ['a file beside the one that may be replaced', 'out.more.sqlite', true],
  ])('writes over nothing: %s that was made meanwhile', async (_what, name, replace) => {
    const meanwhile = (path: string): Promise<ExportResult> => {
      writeFileSync(join(folder, name), 'mine');
      return writing('out.first.sqlite', 'out.more.sqlite')(path);
    };
    await expect(run(meanwhile, replace)).rejects.toMatchObject({ code: 'target.exists', details: { path: join(folder, name) } });
    expect(readdirSync(folder)).toEqual([name]);
    expect(read(name)).toBe('mine');
  });

  test('replaces one file where it may', async () => {
    writeFileSync(to, 'old');
    await run(writing(), true);
    expect(readdirSync(folder)).toEqual(['out.sqlite']);
    expect(read('out.sqlite')).toBe('new out.sqlite');
  });

  test('that fails leaves what was there, and tells its own error', async () => {
    writeFileSync(to, 'old');
    const failing = async (path: string): Promise<ExportResult> => {
      await writing()(path);
      throw new AppError('repository.damaged', 'a chunk is bad');
    };
    await expect(run(failing, true)).rejects.toMatchObject({ code: 'repository.damaged' });
    expect(readdirSync(folder)).toEqual(['out.sqlite']);
    expect(read('out.sqlite')).toBe('old');
    expect(records.exports()).toEqual([]);
  });

  test('into a folder that is not there has the words of a target', async () => {
    to = join(folder, 'none', 'out.sqlite');
    await expect(run(writing())).rejects.toMatchObject({ code: 'target.missing', message: expect.stringContaining(to) });
    expect(records.exports()).toEqual([]);
  });
});

describe('what a crash left of an export', () => {
  const making = (): string => join(folder, '.belay-export-0123456789abcdef');
  /** What is on record and in the hidden folder when its files are made, before any has its name. */
  const made = async (...names: string[]): Promise<void> => {
    mkdirSync(making());
    for (const name of names) writeFileSync(join(making(), name), `new ${name}`);
    const files = names.length > 1 ? names.map((name) => ({ from: join(making(), name), to: join(folder, name) })) : [];
    await records.putExport({ id: '0123456789abcdef', at: 1, to, folder: making(), files });
  };
  const named = (name: string): void => linkSync(join(making(), name), join(folder, name));

  test('is removed at the next start, also where it was on record and not there yet', async () => {
    await made('out.sqlite');
    expect(await nextStart()).toEqual([`what is left of an unfinished export to ${to} was removed`]);
    expect(readdirSync(folder)).toEqual([]);
    expect(await nextStart()).toEqual([]);
    await records.putExport({ id: 'x', at: 1, to, folder: making(), files: [] });
    await nextStart();
    expect(records.exports()).toEqual([]);
  });

  test('before the last file had its name: the others lose theirs, but for one that is somebody else’s by now', async () => {
    await made('a', 'b', 'out.sqlite');
    named('a');
    named('b');
    rmSync(join(folder, 'b'));
    writeFileSync(join(folder, 'b'), 'mine');
    await nextStart();
    expect(readdirSync(folder)).toEqual(['b']);
    expect(read('b')).toBe('mine');
  });

  test.each([
    ['both its names', () => named('out.sqlite')],
    ['its name alone', () => (named('out.sqlite'), rmSync(join(making(), 'out.sqlite')))],
    ['its name, and the folder is half removed', () => (named('out.sqlite'), rmSync(join(making(), 'out.sqlite')), rmSync(join(making(), 'a')))],
  ])('once the last file has %s: all of them stay', async (_what, step) => {
    await made('a', 'out.sqlite');
    named('a');
    step();
    await nextStart();
    expect(readdirSync(folder)).toEqual(['a', 'out.sqlite']);
    expect(existsSync(making())).toBe(false);
    expect(records.exports()).toEqual([]);
  });
});
