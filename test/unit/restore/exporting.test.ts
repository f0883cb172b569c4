import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AppError } from '../../../electron/core/base/errors.ts';
import { systemRandom } from '../../../electron/core/base/system.ts';
import type { ExportResult } from '../../../electron/core/engines/engine.ts';
import { openExportRecords, type ExportRecords, type ExportRow } from '../../../electron/core/restore/export-records.ts';
import { exportTo } from '../../../electron/core/restore/exporting.ts';
import { settleExports } from '../../../electron/core/restore/settle-exports.ts';
import { testContext } from '../../helpers/app/place-engine.ts';

const id = '0123456789abcdef';
let home: string;
let folder: string;
let to: string;
let records: ExportRecords;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'belay-exporting-'));
  folder = join(home, 'project');
  mkdirSync(folder);
  to = join(folder, 'out.sqlite');
  records = await openExportRecords(home, { random: systemRandom });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Writes what is asked for and, beside it, files with these additions to the name, as engines do. */
const writing =
  (...additions: string[]) =>
  (path: string): Promise<ExportResult> => {
    const stem = path.slice(0, path.length - extname(path).length);
    const paths = [path, ...additions.map((one) => `${stem}.${one}${extname(path)}`)];
    for (const [at, one] of paths.entries()) writeFileSync(one, `new ${String(at)}`, { flag: 'wx' });
    return Promise.resolve({ files: paths.map((one) => ({ path: one, bytes: 5 })) });
  };
const run = (write: (path: string) => Promise<ExportResult>, replace = false) => exportTo({ to, replace }, write, records, testContext(home));
const read = (name: string) => readFileSync(join(folder, name), 'utf8');
const names = () => readdirSync(folder);
/** A host that was killed, and the next one. */
const nextStart = async (ahead = 0) => {
  records = await openExportRecords(home, { random: systemRandom });
  const { clock, log } = testContext(home);
  return settleExports(records, { clock: { ...clock, now: () => clock.now() + ahead }, log });
};

describe('an export', () => {
  test('has its names when all is made, and leaves nothing else', async () => {
    const seen: string[] = [];
    const done = await run((path) => {
      seen.push(...names());
      expect(records.all()).toMatchObject([{ to, folder, files: [] }]);
      return writing('more')(path);
    });
    expect(seen).toEqual([expect.stringMatching(/^\.belay-export-/)]);
    expect(done.files).toEqual([
      { path: to, bytes: 5 },
      { path: join(folder, 'out.more.sqlite'), bytes: 5 },
    ]);
    expect(names()).toEqual(['out.more.sqlite', 'out.sqlite']);
    expect([read('out.sqlite'), read('out.more.sqlite')]).toEqual(['new 0', 'new 1']);
    expect(records.all()).toEqual([]);
  });

  test.each([
    ['the file', 'out.sqlite', false],
    ['a file beside it', 'out.b.sqlite', false],
    ['a file beside the one that may be replaced', 'out.b.sqlite', true],
  ])('writes over nothing: %s that was made meanwhile', async (_what, name, replace) => {
    const meanwhile = (path: string): Promise<ExportResult> => {
      writeFileSync(join(folder, name), 'mine');
      return writing('a', 'b')(path);
    };
    await expect(run(meanwhile, replace)).rejects.toMatchObject({ code: 'target.exists', details: { path: join(folder, name) } });
    expect(names()).toEqual([name]);
    expect(read(name)).toBe('mine');
    expect(records.all()).toEqual([]);
  });

  test('replaces one file where it may', async () => {
    writeFileSync(to, 'old');
    await run(writing(), true);
    expect(names()).toEqual(['out.sqlite']);
    expect(read('out.sqlite')).toBe('new 0');
  });

  test('that fails leaves what was there, and tells its own error', async () => {
    writeFileSync(to, 'old');
    const failing = async (path: string): Promise<ExportResult> => {
      await writing()(path);
      throw new AppError('repository.damaged', 'a chunk is bad');
    };
    await expect(run(failing, true)).rejects.toMatchObject({ code: 'repository.damaged' });
    expect(names()).toEqual(['out.sqlite']);
    expect(read('out.sqlite')).toBe('old');
    expect(records.all()).toEqual([]);
  });

  test('goes through a link to a folder, and names the link', async () => {
    symlinkSync(folder, join(home, 'link'));
    to = join(home, 'link', '..', 'link', 'out.sqlite');
    expect((await run(writing('more'))).files.map((file) => file.path)).toEqual([join(home, 'link', 'out.sqlite'), join(home, 'link', 'out.more.sqlite')]);
    await run(writing(), true);
    expect(names()).toEqual(['out.more.sqlite', 'out.sqlite']);
    expect(records.all()).toEqual([]);
  });

  test.each([
    ['is not there', 'none'],
    ['is a file', 'file'],
    ['has a name that is too long', 'x'.repeat(300)],
  ])('into a folder that %s has the words of a target, and is on no record', async (_what, parent) => {
    writeFileSync(join(folder, 'file'), '');
    to = join(folder, parent, 'out.sqlite');
    await expect(run(writing())).rejects.toMatchObject({ code: /^target\./, message: expect.stringContaining(to) });
    expect(records.all()).toEqual([]);
  });
});

describe('what a crash left of an export', () => {
  const hidden = (): string => join(folder, `.belay-export-${id}`);
  const device = () => String(statSync(folder).dev);
  /** As it is when its files are made and before any has its name; the last is the one that was asked for. */
  const made = async (...parts: string[]): Promise<ExportRow> => {
    mkdirSync(hidden());
    const files = parts.map((part) => {
      const from = id + part;
      writeFileSync(join(hidden(), from), `new ${part}`);
      utimesSync(join(hidden(), from), 1000, 1000);
      return { from, to: `out${part}`, bytes: 4 + part.length, mtimeMs: 1_000_000 };
    });
    const row = { id, at: Date.now(), to, folder, device: device(), files };
    await records.put(row);
    return row;
  };
  const linked = (part: string): void => linkSync(join(hidden(), id + part), join(folder, `out${part}`));
  /** Where there are no hard links. */
  const moved = (part: string): void => renameSync(join(hidden(), id + part), join(folder, `out${part}`));

  test('is removed at the next start, also where it was on record and not there yet', async () => {
    await made('.sqlite');
    expect(await nextStart()).toEqual([`what is left of an unfinished export to ${to} was removed`]);
    expect(names()).toEqual([]);
    expect(await nextStart()).toEqual([]);
    await records.put({ id, at: Date.now(), to, folder, device: device(), files: [] });
    await nextStart();
    expect(records.all()).toEqual([]);
  });

  test.each([
    ['linked', linked],
    ['moved', moved],
  ])('before the last file had its name: others that were %s lose theirs, but for one that is somebody else’s by now', async (_how, named) => {
    await made('.a', '.b', '.sqlite');
    named('.a');
    named('.b');
    rmSync(join(folder, 'out.b'));
    writeFileSync(join(folder, 'out.b'), 'new x');
    await nextStart();
    expect(names()).toEqual(['out.b']);
    expect(read('out.b')).toBe('new x');
  });

  test.each([
    ['both its names', () => linked('.sqlite')],
    ['its name alone', () => moved('.sqlite')],
    ['its name, and the folder is half removed', () => (moved('.sqlite'), rmSync(join(hidden(), `${id}.a`)))],
  ])('once the last file has %s: all of them stay', async (_what, step) => {
    await made('.a', '.sqlite');
    linked('.a');
    step();
    await nextStart();
    expect(names()).toEqual(['out.a', 'out.sqlite']);
    expect(records.all()).toEqual([]);
  });

  test('where a power cut kept the last name and lost another: that one gets it', async () => {
    await made('.a', '.sqlite');
    moved('.sqlite');
    await nextStart();
    expect(names()).toEqual(['out.a', 'out.sqlite']);
  });

  test('where a name was taken by an empty file: it goes, and one with content stays', async () => {
    const row = await made('.sqlite');
    await records.put({ ...row, claimed: 'out.sqlite' });
    writeFileSync(to, '');
    await nextStart();
    expect(names()).toEqual([]);
    await records.put({ ...(await made('.sqlite')), claimed: 'out.sqlite' });
    writeFileSync(to, 'mine');
    await nextStart();
    expect(names()).toEqual(['out.sqlite']);
  });

  test('on a disk that is away waits for it, quietly, for ninety days', async () => {
    const row = await made('.a', '.sqlite');
    linked('.a');
    renameSync(folder, `${folder}-away`);
    expect(await nextStart()).toEqual([]);
    mkdirSync(folder);
    await records.put({ ...row, device: '0' });
    expect(await nextStart()).toEqual([]);
    rmSync(folder, { recursive: true });
    renameSync(`${folder}-away`, folder);
    expect(await nextStart()).toHaveLength(1);
    expect(names()).toEqual([]);
    await records.put({ ...row, folder: join(home, 'never') });
    expect(await nextStart(91 * 86_400_000)).toEqual([]);
    expect(records.all()).toEqual([]);
  });

  test('takes nothing with it that is not the export’s own', async () => {
    await made('.sqlite');
    writeFileSync(join(hidden(), 'stranger'), 'mine');
    await nextStart();
    expect(readdirSync(hidden())).toEqual(['stranger']);
    rmSync(hidden(), { recursive: true });
    const precious = join(home, 'precious');
    mkdirSync(precious);
    writeFileSync(join(precious, id), 'mine');
    symlinkSync(precious, hidden());
    await records.put({ id, at: Date.now(), to, folder, device: device(), files: [] });
    await nextStart();
    expect(records.all()).toEqual([]);
    expect(existsSync(join(precious, id))).toBe(true);
  });
});
