import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createRepository } from '../../../electron/core/repository/create.ts';
import type { CreatedRepository } from '../../../electron/core/repository/create.ts';
import type { Repository, Unlock } from '../../../electron/core/repository/repository.ts';
import { filesBelow, newRepository, ports, reopen, temporaryFolder, treeHash } from '../../helpers/repository/world.ts';

const passphrase = 'several wörds that nobody puts together';
let folder: ReturnType<typeof temporaryFolder>;
let original: ReturnType<typeof temporaryFolder>;
let secrets: CreatedRepository;
let made: { readonly repository: Repository };

// Made once and copied for each test: deriving a key from a passphrase takes half a second on purpose.
beforeAll(async () => {
  original = temporaryFolder();
  secrets = await createRepository(original.path, { passphrase, keyFile: true }, ports);
  await secrets.repository.close();
});
afterAll(() => {
  original[Symbol.dispose]();
});
beforeEach(async () => {
  folder = temporaryFolder();
  cpSync(original.path, folder.path, { recursive: true });
  made = { repository: await reopen(folder.path, { kind: 'recovery', key: recovery() }) };
});
afterEach(async () => {
  await made.repository.close();
  folder[Symbol.dispose]();
});

async function opens(unlock: Unlock): Promise<string> {
  const before = treeHash(folder.path);
  try {
    const repository = await reopen(folder.path, unlock);
    await repository.close();
    return 'open';
  } catch (error) {
    return (error as { readonly code: string }).code;
  } finally {
    expect(treeHash(folder.path)).toBe(before);
  }
}

const keyFile = (): Uint8Array => secrets.keyFile ?? new Uint8Array(0);
const recovery = (): string => secrets.recoveryKey ?? '';

describe('a protected repository', () => {
  it('opens by passphrase, key file and recovery key, and by nothing else; a wrong one changes nothing', async () => {
    expect(await opens({ kind: 'passphrase', passphrase })).toBe('open');
    expect(await opens({ kind: 'passphrase', passphrase: passphrase.normalize('NFD') })).toBe('open');
    expect(await opens({ kind: 'keyfile', key: keyFile() })).toBe('open');
    expect(await opens({ kind: 'recovery', key: recovery() })).toBe('open');
    expect(await opens({ kind: 'recovery', key: recovery().toLowerCase().replaceAll('-', ' ') })).toBe('open');
    expect(await opens({ kind: 'none' })).toBe('repository.passphrase-needed');
    expect(await opens({ kind: 'passphrase', passphrase: `${passphrase} ` })).toBe('repository.passphrase-wrong');
    expect(await opens({ kind: 'keyfile', key: keyFile().map((byte) => byte ^ 1) })).toBe('repository.passphrase-wrong');
    const mistyped = recovery().replace(/^./, recovery().startsWith('A') ? 'B' : 'A');
    expect(await opens({ kind: 'recovery', key: mistyped })).toBe('input.invalid');
  });

  it('has no key in clear anywhere on the disk', async () => {
    for (const file of filesBelow(folder.path).keys()) {
      const text = readFileSync(path.join(folder.path, file)).toString('latin1');
      expect(text.includes(Buffer.from(keyFile()).toString('hex')) || text.includes(passphrase) || text.includes(recovery())).toBe(false);
      if (file.startsWith('config')) expect(text).not.toContain('"master"');
    }
  });

  it('never keeps fewer than two slots, and what is added or removed counts at once', async () => {
    const { keys } = made.repository;
    const slots = await keys.list();
    expect(slots.map((slot) => slot.kind).toSorted()).toEqual(['keyfile', 'passphrase', 'recovery']);
    const [first, second, third] = slots.map((slot) => slot.slot);
    await keys.remove(slots.find((slot) => slot.kind === 'keyfile')?.slot ?? '');
    expect(await opens({ kind: 'keyfile', key: keyFile() })).toBe('repository.passphrase-wrong');
    const left = (await keys.list()).map((slot) => slot.slot);
    for (const slot of left) await expect(keys.remove(slot)).rejects.toMatchObject({ code: 'repository.key-slot-last' });
    await expect(keys.remove('0'.repeat(32))).rejects.toMatchObject({ code: 'repository.key-slot-unknown' });
    expect(left.toSorted()).toEqual([first, second, third].filter((slot) => left.includes(slot ?? '')).toSorted());
    const added = await keys.addRecovery();
    expect(await opens({ kind: 'recovery', key: added.key })).toBe('open');
    const file = await keys.addKeyFile();
    expect(await opens({ kind: 'keyfile', key: file.key })).toBe('open');
    expect(await opens({ kind: 'recovery', key: recovery() })).toBe('open');
  });

  it('changes a passphrase by a new slot first, and keeps the master key', async () => {
    const { keys } = made.repository;
    const slot = (await keys.list()).find((one) => one.kind === 'passphrase')?.slot ?? '';
    await expect(keys.changePassphrase(slot, 'short')).rejects.toMatchObject({ code: 'input.invalid' });
    await expect(keys.changePassphrase('0'.repeat(32), 'long enough now')).rejects.toMatchObject({ code: 'repository.key-slot-unknown' });
    const recoverySlot = (await keys.list()).find((one) => one.kind === 'recovery')?.slot ?? '';
    await expect(keys.changePassphrase(recoverySlot, 'long enough now')).rejects.toMatchObject({ code: 'input.invalid' });
    await keys.changePassphrase(slot, 'another one of some length');
    expect(await opens({ kind: 'passphrase', passphrase })).toBe('repository.passphrase-wrong');
    expect(await opens({ kind: 'passphrase', passphrase: 'another one of some length' })).toBe('open');
    expect((await keys.list()).length).toBe(3);
  });

  it('opens from the second copy of a slot, and by another slot where both are gone', async () => {
    const slot = (await made.repository.keys.list()).find((one) => one.kind === 'passphrase')?.slot ?? '';
    const [first, second] = [path.join(folder.path, 'keys', slot), path.join(folder.path, 'keys.copy', slot)];
    writeFileSync(first, 'torn');
    expect(await opens({ kind: 'passphrase', passphrase })).toBe('open');
    const repository = await reopen(folder.path, { kind: 'passphrase', passphrase });
    expect((await repository.snapshots()).problems).toMatchObject([{ file: `keys/${slot}`, repairable: true }]);
    rmSync(second);
    expect(await opens({ kind: 'passphrase', passphrase })).toBe('repository.passphrase-wrong');
    expect(await opens({ kind: 'recovery', key: recovery() })).toBe('open');
  });

  it('refuses slots with weaker or dearer parameters, of another repository, and none at all', async () => {
    const slot = (await made.repository.keys.list()).find((one) => one.kind === 'passphrase')?.slot ?? '';
    const files = ['keys', 'keys.copy'].map((within) => path.join(folder.path, within, slot));
    const text = readFileSync(files[0] ?? '', 'utf8');
    for (const n of ['2', '16384', '2097152', '131073']) {
      for (const file of files) writeFileSync(file, text.replace('"n":131072', `"n":${n}`));
      expect(await opens({ kind: 'passphrase', passphrase })).toBe('repository.passphrase-wrong');
    }
    using other = temporaryFolder();
    const strange = await createRepository(other.path, { passphrase }, ports);
    const theirs = (await strange.repository.keys.list()).find((one) => one.kind === 'passphrase')?.slot ?? '';
    for (const file of files) rmSync(file);
    for (const within of ['keys', 'keys.copy']) writeFileSync(path.join(folder.path, within, theirs), readFileSync(path.join(other.path, within, theirs)));
    expect(await opens({ kind: 'passphrase', passphrase })).toBe('repository.foreign');
    for (const within of ['keys', 'keys.copy']) rmSync(path.join(folder.path, within), { recursive: true });
    expect(await opens({ kind: 'passphrase', passphrase })).toBe('repository.damaged');
    await strange.repository.close();
  });

  it('with more dear slots than anybody makes tries no passphrase on them, and opens by the recovery key, which takes them away', async () => {
    const { keys } = made.repository;
    const slot = (await keys.list()).find((one) => one.kind === 'passphrase')?.slot ?? '';
    const text = readFileSync(path.join(folder.path, 'keys', slot), 'utf8').replace('"n":131072', `"n":${2 ** 20}`);
    const put = Array.from({ length: 16 }, (_none, i) => i.toString(16).padStart(32, '0'));
    for (const name of put) for (const within of ['keys', 'keys.copy']) writeFileSync(path.join(folder.path, within, name), text.replace(slot, name));
    expect(await opens({ kind: 'passphrase', passphrase })).toBe('repository.damaged');
    expect(await opens({ kind: 'recovery', key: recovery() })).toBe('open');
    for (const name of put) await keys.remove(name);
    expect(await opens({ kind: 'passphrase', passphrase })).toBe('open');
  });

  it('takes no more slots than the format names, and says which command takes one away', async () => {
    const { keys } = made.repository;
    while ((await keys.list()).length < 64) await keys.addRecovery();
    const before = treeHash(folder.path);
    const refused = { code: 'input.invalid', hint: expect.stringContaining('belay key remove') as unknown };
    await expect(keys.addRecovery()).rejects.toMatchObject(refused);
    await expect(keys.addKeyFile()).rejects.toMatchObject(refused);
    await expect(keys.addPassphrase('long enough now')).rejects.toMatchObject(refused);
    expect(treeHash(folder.path)).toBe(before);
    const passphraseSlot = (await keys.list()).find((one) => one.kind === 'passphrase')?.slot ?? '';
    await keys.changePassphrase(passphraseSlot, 'another one of some length');
    expect((await keys.list()).length).toBe(64);
  });

  it('exchanged for an unprotected config, does not open', async () => {
    using other = temporaryFolder();
    await (await newRepository(other.path)).close();
    for (const file of ['config', 'config.copy']) writeFileSync(path.join(folder.path, file), readFileSync(path.join(other.path, file)));
    expect(await opens({ kind: 'none' })).toBe('repository.damaged');
    expect(await opens({ kind: 'passphrase', passphrase })).toBe('repository.damaged');
  });
});

describe('an unprotected repository', () => {
  it('takes no key slots: they would protect nothing', async () => {
    using other = temporaryFolder();
    const repository = await newRepository(other.path);
    const before = treeHash(other.path);
    await expect(repository.keys.addPassphrase(passphrase)).rejects.toMatchObject({ code: 'input.invalid' });
    await expect(repository.keys.addRecovery()).rejects.toMatchObject({ code: 'input.invalid' });
    expect(treeHash(other.path)).toBe(before);
    await repository.close();
  });
});
