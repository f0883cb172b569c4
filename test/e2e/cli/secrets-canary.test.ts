import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parseRecoveryKey } from '../../../electron/core/repository/format/recovery-key.ts';
import { openConfig } from '../../../electron/core/repository/keys/config-files.ts';
import { openLocalFolder } from '../../../electron/core/repository/store/local-folder.ts';
import { Place, makeShop } from '../../helpers/cli/belay.ts';
import { sample } from '../../helpers/postgres/canary.ts';
import { Nonces } from '../../helpers/repository/nonces.ts';
import { ports } from '../../helpers/repository/world.ts';

/** Where a core dump goes that the system writes as a file; undefined where a program takes it. */
const pattern = process.platform === 'linux' ? readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim() : '|';
const dumpsHere = !pattern.startsWith('|') && !pattern.includes('/') && existsSync('/usr/bin/prlimit');

/** Every file below a folder that holds one of the secrets, with which. */
function leaks(folder: string, secrets: ReadonlyMap<string, Uint8Array>): readonly string[] {
  const found: string[] = [];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const bytes = readFileSync(file);
    for (const [name, secret] of secrets) if (bytes.includes(Buffer.from(secret))) found.push(`${name} in ${path.relative(folder, file)}`);
  }
  return found.toSorted();
}

test.runIf(process.platform === 'linux')(
  'passphrase, key file, recovery key and master key are in no argument, environment, file, log, record, answer or core dump while everything is done with them',
  async () => {
    const canary = `S3CR3T-${crypto.randomUUID()}`;
    const wrong = `WR0NG-${crypto.randomUUID()}`;
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 50);
    await writeFile(place.path('right'), `${canary}\n`, { mode: 0o600 });
    await writeFile(place.path('wrong'), `${wrong}\n`, { mode: 0o600 });
    const { child, gone } = await place.serve();
    if (dumpsHere) execFileSync('prlimit', ['--pid', String(child.pid), '--core=unlimited']);
    const seen = sample(canary, [place.home]);
    let said = '';
    const run = async (argv: readonly string[], code: 'works' | 'fails' = 'works'): Promise<Record<string, unknown>> => {
      const ran = await place.run([...argv, '--json']);
      if (argv[0] !== 'init') said += ran.stdout + ran.stderr;
      expect(ran.code === 0 ? 'works' : 'fails', `${argv.join(' ')}: ${ran.stdout}${ran.stderr}`).toBe(code);
      return JSON.parse(ran.stdout) as Record<string, unknown>;
    };
    const by = ['--passphrase-file', place.path('right')];
    const made = JSON.stringify(await run(['init', '--encrypt', ...by]));
    const recovery = /[0-9A-Z]{4}(?:-[0-9A-Z]{4}){13}/.exec(made)?.[0] ?? '';
    expect(recovery).not.toBe('');
    await run(['key', 'add', 'keyfile', 'my.key', ...by]);
    await run(['source', 'add', 'shop.db', ...by]);
    await run(['snap', 'shop', '--passphrase-file', place.path('wrong')], 'fails');
    await run(['snap', 'shop', ...by]);
    await run(['drill', 'shop', '--report', 'drill.md', ...by]);
    await run(['restore', 'latest:shop', '--to', 'again.db', ...by]);
    await run(['export', 'latest:shop', '--to', 'out.sqlite', ...by]);
    await run(['import', 'out.sqlite', ...by]);
    await seen.stop();
    expect([...seen.hits]).toEqual([]);
    // The host and what it starts were looked at.
    expect(seen.programs).toContain('node');

    const store = await openLocalFolder(path.join(place.home, 'repository'), ports);
    const { keys } = await openConfig(store, { kind: 'recovery', key: recovery });
    const keyFile = Buffer.from((await readFile(place.path('my.key'), 'utf8')).trim().slice(-64), 'hex');
    const forms = (name: string, bytes: Uint8Array): readonly (readonly [string, Uint8Array])[] => [
      [name, bytes],
      [`${name} as hex`, Buffer.from(Buffer.from(bytes).toString('hex'))],
      [`${name} as base 64`, Buffer.from(Buffer.from(bytes).toString('base64'))],
    ];
    const secrets = new Map<string, Uint8Array>([
      ['passphrase', Buffer.from(canary)],
      ['wrong passphrase', Buffer.from(wrong)],
      ['recovery key', Buffer.from(recovery)],
      ...forms('key file', keyFile),
      ...forms('key of the recovery key', parseRecoveryKey(recovery)),
      ...forms('master key', keys.master),
      ...forms('key of the ids', keys.idKey),
    ]);
    for (const [name, secret] of secrets) expect(said.includes(Buffer.from(secret).toString('latin1')), name).toBe(false);
    // While the host still has all of it in memory and its catalog open.
    const given = ['key file as hex in project/my.key', 'passphrase in project/right', 'wrong passphrase in project/wrong'];
    expect(leaks(place.root, secrets)).toEqual(given);
    expect(new Nonces().folder(place.home).twice).toEqual([]);

    child.kill('SIGSEGV');
    await Promise.all([gone, child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined]);
    if (dumpsHere) expect(readdirSync(place.project).some((name) => name.startsWith('core'))).toBe(true);
    expect(leaks(place.root, secrets)).toEqual(given);
  },
);
