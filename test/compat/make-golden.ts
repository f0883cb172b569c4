import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { change, makeShop, Place, record } from '../helpers/cli/belay.ts';
import { contentHash } from './golden-content.ts';

const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));

/** What stands beside a golden repository: what it must give back, and what opens it. */
export interface Golden {
  readonly belay: string;
  readonly passphrase?: string;
  readonly recoveryKey?: string;
  readonly snapshots: readonly { readonly name: string; readonly content: string; readonly tags: readonly string[]; readonly pinned: boolean }[];
}

/** Makes `test/fixtures/<name>` with the command line of this checkout: repository, key file, `golden.json`. Never over one that is there. */
async function makeGolden(name: string, passphrase: string | undefined): Promise<void> {
  const folder = join(fixtures, name);
  await mkdir(folder, { recursive: false });
  await using place = await Place.make();
  const database = place.path('shop.db');
  const key: string[] = [];
  if (passphrase !== undefined) {
    await writeFile(place.path('passphrase'), passphrase, { mode: 0o600 });
    key.push('--passphrase-file', place.path('passphrase'));
  }
  makeShop(database, 300);
  const made = await place.data('init', place.path('repository'), ...(passphrase === undefined ? ['--no-encryption'] : key));
  if (passphrase !== undefined) await place.data('key', 'add', 'keyfile', place.path('key'), ...key);
  await place.data('source', 'add', 'shop.db');
  const snapshots: Golden['snapshots'][number][] = [];
  const snap = async (of: { readonly name: string; readonly tags?: readonly string[]; readonly pinned?: boolean }): Promise<void> => {
    const tags = of.tags ?? [];
    await place.data('snap', 'shop', '--name', of.name, '--level', 'complete', ...tags.flatMap((tag) => ['--tag', tag]), ...key);
    snapshots.push({ name: of.name, content: contentHash(database), tags, pinned: of.pinned ?? false });
  };
  await snap({ name: 'first', tags: ['a'], pinned: true });
  change(database, "update orders set note = 'changed' where id % 50 = 7; delete from customers where id = 300 and id not in (select customer from orders)");
  await snap({ name: 'second' });
  change(database, 'create table extra (x); insert into extra values (zeroblob(200000)); update customers set photo = randomblob(5000) where id < 20');
  await place.data('snap', 'shop', '--name', 'gone', ...key);
  change(database, 'drop table extra');
  await snap({ name: 'third', tags: ['deploy-7', 'b'] });
  await place.data('pin', 'first', 'golden', ...key);
  await place.data('forget', 'gone', '--yes', ...key);
  await place.data('verify', 'second', '--level', 'proved', ...key);
  await place.data('collect', '--yes', ...key);
  await place.data('check', ...key);
  await cp(place.path('repository'), join(folder, 'repository'), { recursive: true });
  for (const empty of ['tmp', 'locks', 'reserve']) await rm(join(folder, 'repository', empty), { recursive: true, force: true });
  if (passphrase !== undefined) await cp(place.path('key'), join(folder, 'key'));
  const { version } = record(JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')));
  const recoveryKey = typeof made['recoveryKey'] === 'string' ? { recoveryKey: made['recoveryKey'] } : {};
  const golden: Golden = { belay: String(version), ...(passphrase === undefined ? {} : { passphrase }), ...recoveryKey, snapshots };
  await writeFile(join(folder, 'golden.json'), `${JSON.stringify(golden, null, 2)}\n`);
}

const [, , label = ''] = process.argv;
if (!/^[a-z0-9.-]+$/.test(label)) throw new Error('Usage: node test/compat/make-golden.ts <label>, e.g. format-1-development');
await makeGolden(`${label}-plain`, undefined);
await makeGolden(`${label}-keys`, 'the passphrase of a golden repository');
