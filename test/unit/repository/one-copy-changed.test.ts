import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { quietTask } from '../../../electron/core/base/ports.ts';
import { createRepository } from '../../../electron/core/repository/create.ts';
import { encodeConfig, parseConfig, verifyConfig } from '../../../electron/core/repository/format/config.ts';
import { deriveKeys } from '../../../electron/core/repository/format/crypto.ts';
import { lookAtRepository } from '../../../electron/core/repository/open.ts';
import type { Repository, Unlock } from '../../../electron/core/repository/repository.ts';
import { filesBelow, newRepository, ports, reopen, rowsOf, take, temporaryFolder, treeHash } from '../../helpers/repository/world.ts';

/** One copy of config or key slot in which a byte was changed, so that it still reads as one: the other serves, and a check tells. */
const task = quietTask();
let folder: ReturnType<typeof temporaryFolder>;
const at = (file: string): string => path.join(folder.path, file);

beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => {
  folder[Symbol.dispose]();
});

function replaced(file: string, what: RegExp, by: string): void {
  const text = readFileSync(at(file), 'utf8');
  expect(text).toMatch(what);
  writeFileSync(at(file), text.replace(what, by));
}

async function opened<T>(unlock: Unlock, work: (repository: Repository) => Promise<T>): Promise<T> {
  const repository = await reopen(folder.path, unlock);
  try {
    return await work(repository);
  } finally {
    await repository.close();
  }
}

const filesNamed = (repository: Repository): Promise<readonly string[]> =>
  repository.check({ level: 'structure' }, task).then(({ problems }) => problems.map((problem) => problem.file));

describe.each(['config', 'config.copy'])('%s', (file) => {
  beforeEach(async () => {
    const repository = await newRepository(folder.path);
    await take(repository, new Map([['a', rowsOf(20, 1)]]));
    await repository.close();
  });

  it.each([
    ['another repository', /"repository":"./, '"repository":"f'],
    ['a newer format', /"belay":1/, '"belay":9'],
    ['an ability that nobody knows', /"requires":\[\]/, '"requires":["x"]'],
    ['the same, without its line end', /\n$/, ''],
  ])('that names %s', async (_what, what, by) => {
    // An id may begin with what it is replaced by.
    if (by.endsWith('"f') && readFileSync(at(file), 'utf8').includes(by)) replaced(file, what, '"repository":"0');
    else replaced(file, what, by);
    const before = treeHash(folder.path);
    const { id } = await lookAtRepository(folder.path, ports);
    await opened({ kind: 'none' }, async (repository) => {
      expect(repository.info.id).toBe(id);
      expect((await repository.snapshots()).snapshots).toHaveLength(1);
      expect(treeHash(folder.path)).toBe(before);
      expect(await filesNamed(repository)).toEqual([file]);
      expect((await repository.repair({ dryRun: false }, task)).beyondRepair).toEqual([]);
    });
    expect(readFileSync(at('config')).equals(readFileSync(at('config.copy')))).toBe(true);
  });

  it.each(['another repository', 'one of the same master key', 'one of the same id'])(
    'of %s is told from the own one by the files that lie here',
    async (which) => {
      const own = parseConfig(readFileSync(at(file))).config;
      const repository = which === 'one of the same id' ? own.repository : 'a'.repeat(32);
      const master = which === 'one of the same master key' ? (own.master ?? '') : 'b'.repeat(64);
      const keys = deriveKeys(Buffer.from(repository, 'hex'), Buffer.from(master, 'hex'));
      writeFileSync(at(file), encodeConfig({ ...own, repository, master }, keys));
      await opened({ kind: 'none' }, async (open) => {
        expect(open.info.id).toBe((await lookAtRepository(folder.path, ports)).id);
        const { snapshots, problems } = await open.snapshots();
        expect([snapshots.length, problems.map((problem) => [problem.file, problem.kind])]).toEqual([1, [[file, 'foreign']]]);
        expect(await filesNamed(open)).toEqual([file]);
        expect((await open.repair({ dryRun: false }, task)).beyondRepair).toEqual([]);
      });
      expect(parseConfig(readFileSync(at(file))).config).toEqual(own);
    },
  );

  it('of a truly newer format is refused, although the other is of this one', async () => {
    const config = parseConfig(readFileSync(at(file)));
    const keys = verifyConfig(config, Buffer.from(config.config.master ?? '', 'hex'));
    writeFileSync(at(file), encodeConfig({ ...config.config, ...{ belay: 2 } } as unknown as typeof config.config, keys));
    await expect(reopen(folder.path)).rejects.toMatchObject({ code: 'repository.newer-format' });
  });
});

describe.each(['keys', 'keys.copy'])('a key slot below %s', (within) => {
  it('that was changed keeps nobody out, is named, and is not put over the whole one', async () => {
    const made = await createRepository(folder.path, { keyFile: true }, ports);
    await made.repository.close();
    const unlock: Unlock = { kind: 'keyfile', key: made.keyFile ?? new Uint8Array(0) };
    const file = [...filesBelow(folder.path).keys()].find((one) => one.startsWith(`${within}/`) && readFileSync(at(one), 'utf8').includes('keyfile')) ?? '';
    const copy = file.replace(/^keys(\.copy)?/, within === 'keys' ? 'keys.copy' : 'keys');
    const whole = readFileSync(at(file));
    for (const part of ['wrapped', 'nonce', 'salt']) {
      const digit = whole.toString().indexOf(`"${part}":"`) + part.length + 4;
      const changed = Buffer.from(whole);
      changed[digit] = changed[digit] === 0x30 ? 0x31 : 0x30;
      writeFileSync(at(file), changed);
      await opened(unlock, async (repository) => {
        expect((await filesNamed(repository)).toSorted()).toEqual([file, copy].toSorted());
        expect((await repository.repair({ dryRun: false }, task)).beyondRepair).toHaveLength(2);
      });
      expect(readFileSync(at(copy)).equals(whole)).toBe(true);
    }
    // Bytes that nobody wrote so are told from those that somebody did.
    writeFileSync(at(file), whole.subarray(0, -1));
    await opened(unlock, async (repository) => {
      expect(await filesNamed(repository)).toEqual([file]);
      expect((await repository.repair({ dryRun: false }, task)).beyondRepair).toEqual([]);
    });
    expect(readFileSync(at(file)).equals(whole)).toBe(true);
  });
});
