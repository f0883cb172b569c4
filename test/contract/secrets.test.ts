import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { AppError, toWireError } from '../../electron/core/base/errors.ts';
import { openFileLog } from '../../electron/core/base/log-file.ts';
import { createRedactor } from '../../electron/core/base/redaction.ts';
import { systemRandom } from '../../electron/core/base/system.ts';
import { openJournal } from '../../electron/core/jobs/journal.ts';
import { openSettings, openSources } from '../../electron/core/sources/settings.ts';
import { chooseSecretStore, redacting } from '../../electron/core/sources/secrets/choose.ts';
import type { SecretChoice } from '../../electron/core/sources/secrets/choose.ts';
import { openEncryptedFile } from '../../electron/core/sources/secrets/encrypted-file.ts';
import { openKeychain } from '../../electron/core/sources/secrets/keychain.ts';
import { memorySecrets } from '../../electron/core/sources/secrets/memory.ts';
import { privateSecretService } from '../helpers/secret-service.ts';
import { temporaryFolder, world } from '../helpers/world.ts';
import { secretsSuite } from './secrets-suite.ts';

const ports = { random: systemRandom };

secretsSuite('memory', 'memory', () => Promise.resolve({ open: () => Promise.resolve(memorySecrets()), [Symbol.asyncDispose]: () => Promise.resolve() }));

secretsSuite('encrypted file', 'encrypted-file', async () => {
  const folder = await temporaryFolder();
  return {
    open: () => openEncryptedFile(path.join(folder.path, 'secrets.json'), 'a passphrase', ports),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
});

const home = path.join('/nowhere', `belay-test-${String(process.pid)}`);

const handles = [
  'area/name',
  'repository/1/passphrase',
  'repository/2/passphrase',
  'a',
  'odd/__proto__',
  ...Array.from({ length: 8 }, (_, at) => `many/${String(at)}`),
];

async function sweep(): Promise<void> {
  const store = await openKeychain({ home, platform: process.platform });
  for (const handle of handles) await store.remove(handle);
}

describe('the real one', () => {
  let service: AsyncDisposable | undefined;
  beforeAll(async () => {
    // Elsewhere than on Linux there is one keychain, the user's: the suite uses names of its own there and removes them.
    if (process.platform === 'linux') service = await privateSecretService();
  });
  afterAll(() => service?.[Symbol.asyncDispose]());

  secretsSuite('system keychain', 'keychain', () =>
    Promise.resolve({ open: () => openKeychain({ home, platform: process.platform }), [Symbol.asyncDispose]: sweep }),
  );

  test("two installations do not see each other's secrets", async () => {
    const store = await openKeychain({ home, platform: process.platform });
    await store.set('a', 'mine');
    expect(await (await openKeychain({ home: `${home}-other`, platform: process.platform })).get('a')).toBeUndefined();
    await sweep();
  });
});

test.runIf(process.platform === 'linux')('a system without keychain: that is said, with what to do', async () => {
  vi.stubEnv('DBUS_SESSION_BUS_ADDRESS', 'unix:path=/nowhere');
  try {
    await expect(openKeychain({ home, platform: process.platform })).rejects.toMatchObject({
      code: 'secret.store-unavailable',
      hint: expect.stringContaining('encrypted file') as string,
      cause: expect.any(Error) as Error,
    });
  } finally {
    vi.unstubAllEnvs();
  }
});

describe('system keychain', () => {
  test.each([
    ['the package is absent', () => Promise.reject(new Error('Cannot find module'))],
    [
      'the system refuses',
      () =>
        Promise.resolve({
          AsyncEntry: class {
            constructor() {
              throw new Error('Platform failure');
            }
          } as never,
        }),
    ],
    [
      'it cannot be read',
      () =>
        Promise.resolve({
          AsyncEntry: class {
            getPassword() {
              return Promise.reject(new Error('locked'));
            }
          } as never,
        }),
    ],
  ])('where %s, that is said', async (_, load) => {
    await expect(openKeychain({ home, platform: 'linux', load })).rejects.toMatchObject({ code: 'secret.store-unavailable' });
  });

  test("on Linux only the Secret Service is asked, never the kernel's keyring that forgets", async () => {
    const asked: unknown[] = [];
    class AsyncEntry {
      constructor(...args: unknown[]) {
        asked.push(args[2]);
      }
      getPassword() {
        return Promise.resolve(null);
      }
    }
    await openKeychain({ home, platform: 'linux', load: () => Promise.resolve({ AsyncEntry: AsyncEntry as never }) });
    expect(asked).toEqual([{ linux: { store: 'secret-service' } }]);
  });

  test('a secret that it does not keep as given is an error, not a surprise later', async () => {
    class AsyncEntry {
      setPassword() {
        return Promise.resolve();
      }
      getPassword() {
        return Promise.resolve('cut');
      }
    }
    const store = await openKeychain({ home, platform: 'linux', load: () => Promise.resolve({ AsyncEntry: AsyncEntry as never }) });
    await expect(store.set('a', 'cut off')).rejects.toMatchObject({ code: 'secret.denied' });
  });
});

describe('encrypted file', () => {
  let file = '';
  let text = '';
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeAll(async () => {
    folder = await temporaryFolder();
    file = path.join(folder.path, 'secrets.json');
    const store = await openEncryptedFile(file, 'right', ports);
    await store.set('a', 'S3CR3T-canary');
    text = await readFile(file, 'utf8');
    return () => folder[Symbol.asyncDispose]();
  });

  test('a wrong passphrase is refused and changes nothing', async () => {
    for (const wrong of ['wrong', '', 'right ', 'Right']) {
      await expect(openEncryptedFile(file, wrong, ports)).rejects.toMatchObject({
        code: 'secret.denied',
        message: expect.stringContaining('passphrase') as string,
      });
    }
    expect(await readFile(file, 'utf8')).toBe(text);
  });

  test('whatever is changed in the file is noticed', async () => {
    const whole = JSON.parse(text) as { kdf: object; check: string; salt: string; data: string };
    const flip = (hexText: string): string => (hexText.startsWith('0') ? '1' : '0') + hexText.slice(1);
    const changed: object[] = [
      { ...whole, kdf: { ...whole.kdf, n: 2 } },
      { ...whole, kdf: { ...whole.kdf, n: 2 ** 18 } },
      { ...whole, check: flip(whole.check) },
      { ...whole, salt: flip(whole.salt) },
      { ...whole, data: `${whole.data.startsWith('A') ? 'B' : 'A'}${whole.data.slice(1)}` },
      { ...whole, data: '' },
      { ...whole, version: 2 },
      { ...whole, extra: 1 },
    ];
    for (const one of changed) {
      const bent = path.join(folder.path, 'bent.json');
      await writeFile(bent, JSON.stringify(one));
      await expect(openEncryptedFile(bent, 'right', ports)).rejects.toMatchObject({ code: 'secret.denied' });
      expect(await readFile(bent, 'utf8')).toBe(JSON.stringify(one));
    }
  });

  test('each writing has a salt of its own, also for the same content', async () => {
    const store = await openEncryptedFile(file, 'right', ports);
    const seen = new Set<string>();
    for (let round = 0; round < 5; round += 1) {
      await store.set('a', 'S3CR3T-canary');
      const { salt, data } = JSON.parse(await readFile(file, 'utf8')) as { salt: string; data: string };
      seen.add(salt).add(data);
    }
    expect(seen.size).toBe(10);
  });

  test('is private, and holds neither secret nor handle in clear', async () => {
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const now = await readFile(file, 'utf8');
    expect(now).not.toContain('S3CR3T');
    expect(now).not.toContain(Buffer.from('S3CR3T').toString('base64').slice(0, 6));
    expect(now).not.toContain('"a"');
  });

  test('the passphrase is the same however its letters were composed', async () => {
    const other = path.join(folder.path, 'composed.json');
    await (await openEncryptedFile(other, 'caf\u00e9', ports)).set('x', 'y');
    expect(await (await openEncryptedFile(other, 'cafe\u0301', ports)).get('x')).toBe('y');
  });
});

describe('choice', () => {
  const absent = () => Promise.reject(new Error('no keychain here'));
  const choice = (at: string, fields: Partial<SecretChoice>): SecretChoice => ({
    home: at,
    platform: 'linux',
    preference: 'auto',
    random: systemRandom,
    redactor: createRedactor(),
    load: absent,
    ...fields,
  });
  class AsyncEntry {
    getPassword() {
      return Promise.resolve(null);
    }
  }
  const present = () => Promise.resolve({ AsyncEntry: AsyncEntry as never });

  test('a preference is kept to or refused, never replaced', async () => {
    await using folder = await temporaryFolder();
    await expect(chooseSecretStore(choice(folder.path, { preference: 'keychain' }))).rejects.toMatchObject({ code: 'secret.store-unavailable' });
    await expect(chooseSecretStore(choice(folder.path, { preference: 'keychain', passphrase: 'p' }))).rejects.toMatchObject({
      code: 'secret.store-unavailable',
    });
    await expect(chooseSecretStore(choice(folder.path, { preference: 'encrypted-file', load: present }))).rejects.toMatchObject({
      code: 'input.secret-needed',
    });
    expect((await chooseSecretStore(choice(folder.path, { preference: 'ask', load: present }))).store.kind).toBe('memory');
    expect((await chooseSecretStore(choice(folder.path, { preference: 'encrypted-file', passphrase: 'p' }))).store.kind).toBe('encrypted-file');
    expect(await readdir(folder.path)).toEqual([]);
  });

  test('auto says where it ended up and why', async () => {
    await using folder = await temporaryFolder();
    expect(await chooseSecretStore(choice(folder.path, { load: present }))).toMatchObject({ store: { kind: 'keychain' }, notices: [] });
    expect(await chooseSecretStore(choice(folder.path, { passphrase: 'p' }))).toMatchObject({
      store: { kind: 'encrypted-file', lasting: true },
      notices: [expect.stringMatching(/not available.*encrypted file/)],
    });
    expect(await chooseSecretStore(choice(folder.path, {}))).toMatchObject({
      store: { kind: 'memory', lasting: false },
      notices: [expect.stringMatching(/not available.*not remembered/)],
    });
  });
});

test('what goes into a store, and what comes out of it, is known to the redactor', async () => {
  const inner = memorySecrets();
  await inner.set('old', 'S3CR3T-old');
  const redactor = createRedactor();
  const store = redacting(inner, redactor);
  expect(redactor.text('S3CR3T-old')).toBe('S3CR3T-old');
  expect(await store.get('old')).toBe('S3CR3T-old');
  expect(redactor.text('S3CR3T-old')).toBe('[redacted]');
  await store.set('new', 'S3CR3T-new');
  expect(redactor.text('S3CR3T-new')).toBe('[redacted]');
  await store.remove('new');
  expect(await inner.get('new')).toBeUndefined();
});

test('a secret stands in no file of the data directory, no log line and no error', async () => {
  await using folder = await temporaryFolder();
  const canary = 'S3CR3T-canary/with+odd "letters"';
  const forms = [
    canary,
    encodeURIComponent(canary),
    JSON.stringify(canary).slice(1, -1),
    Buffer.from(canary).toString('base64'),
    Buffer.from(canary).toString('hex'),
  ];
  const here = { ...world(), random: systemRandom };
  const { store } = await chooseSecretStore({
    home: folder.path,
    platform: 'linux',
    preference: 'encrypted-file',
    passphrase: 'S3CR3T-passphrase',
    load: () => Promise.reject(new Error('none')),
    ...here,
  });
  await store.set('repository/1/passphrase', canary);
  expect(await store.get('repository/1/passphrase')).toBe(canary);

  const log = openFileLog({ folder: path.join(folder.path, 'logs'), clock: here.clock, redactor: here.redactor, level: 'debug' });
  const failure = new AppError('source.denied', `refused with ${canary}`, {
    details: { uri: `postgres://u:${encodeURIComponent(canary)}@h/d` },
    cause: new Error(`the other side said S3CR3T-passphrase`),
  });
  for (const form of forms) log.error(`told ${form}`, { form, nested: { deep: [form] }, error: failure });
  const journal = await openJournal(path.join(folder.path, 'journal'), here);
  for (const form of forms)
    await journal.append({ what: 'test', result: 'failed', details: { form, error: toWireError(failure), passphrase: 'S3CR3T-unregistered' } });
  await openSettings(folder.path, here).update((now) => ({ ...now, secrets: 'encrypted-file' }));
  await openSources(folder.path, here).add({ name: 's', engine: 'sqlite', location: { path: '/x' }, environment: 'dev', addedAt: 1 });
  await journal.close();
  await log.flush();

  const names = (await readdir(folder.path, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  expect(names.map((entry) => entry.name)).toEqual(
    expect.arrayContaining(['secrets.json', 'belay.log', 'settings.json', 'sources.json', '000000000001.ndjson']),
  );
  for (const entry of names) {
    const content = await readFile(path.join(entry.parentPath, entry.name), 'latin1');
    for (const form of [...forms, 'S3CR3T']) expect([entry.name, form, content.includes(form.slice(0, 40))]).toEqual([entry.name, form, false]);
  }
  for (const broken of ['wrong-S3CR3T', 'S3CR3T-passphrase']) {
    if (broken === 'S3CR3T-passphrase')
      await chmod(path.join(folder.path, 'secrets.json'), 0o600).then(() => writeFile(path.join(folder.path, 'secrets.json'), '{}'));
    const error = await openEncryptedFile(path.join(folder.path, 'secrets.json'), broken, here).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(AppError);
    expect(JSON.stringify(toWireError(error))).not.toContain('S3CR3T');
  }
});
