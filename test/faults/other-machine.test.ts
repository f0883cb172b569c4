import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileShim, runBelay } from '../helpers/faults/preload.ts';
import { run } from '../helpers/sqlite/database.ts';

/**
 * A repository on a shared folder and a machine that died while it wrote: `unshare` gives a process another name, another
 * installation and another start of the kernel, which is all that Belay can know a machine by. Needs root.
 */
const possible = process.platform === 'linux' && process.getuid?.() === 0;
const launcher = fileURLToPath(new URL('../../belay', import.meta.url));
const asOther = [
  'if [ -e /etc/machine-id ]; then mount --bind "$1" /etc/machine-id; fi',
  'mount --bind "$2" /proc/sys/kernel/random/boot_id',
  'hostname otherbox',
  'shift 2',
  'exec "$@"',
].join(' && ');

describe.runIf(possible)('a lock of another machine (needs root)', () => {
  let outside: string;
  const at = (name: string): string => join(outside, name);
  const here = (...args: readonly string[]) => runBelay(args, at('here'));

  beforeAll(() => {
    outside = mkdtempSync(join(tmpdir(), 'belay-machine-'));
    for (const home of ['here', 'there']) mkdirSync(at(home), { mode: 0o700 });
    writeFileSync(at('machine-id'), `${'f'.repeat(32)}\n`);
    writeFileSync(at('boot-id'), '11111111-2222-3333-4444-555555555555\n');
    run(at('shop.db'), 'CREATE TABLE items (id INTEGER PRIMARY KEY, label TEXT); INSERT INTO items VALUES (1, hex(randomblob(200000)))');
  });
  afterAll(() => rmSync(outside, { recursive: true, force: true }));

  /** `belay` on the other machine, killed at a write to the repository. */
  async function diesThere(...args: readonly string[]): Promise<void> {
    const env = {
      ...process.env,
      BELAY_HOME: at('there'),
      LD_PRELOAD: compileShim(outside),
      BELAY_FAULT_COUNTER: at('counter'),
      BELAY_FAULT_PREFIX: at('shared/tmp/'),
      BELAY_FAULT_AT: '6',
      BELAY_FAULT_MODE: 'kill',
    };
    const words = ['-m', '-u', 'sh', '-c', asOther, 'sh', at('machine-id'), at('boot-id'), process.execPath, launcher, ...args];
    const child = spawn('unshare', words, { env, stdio: 'ignore' });
    const [, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    expect(signal).toBe('SIGKILL');
  }

  test('is named and kept until the user says that its owner is dead; then everything works again', async () => {
    expect(await here('init', at('shared'), '--no-encryption')).toMatchObject({ code: 0 });
    expect(await runBelay(['init', at('shared'), '--attach'], at('there'))).toMatchObject({ code: 0 });
    for (const home of ['here', 'there']) expect(await runBelay(['source', 'add', at('shop.db'), '--name', 'shop'], at(home))).toMatchObject({ code: 0 });
    await diesThere('snap', 'shop');
    const locks = readdirSync(at('shared/locks'));
    expect(locks).not.toEqual([]);

    const refused = await here('snap', 'shop');
    expect(refused.code).toBe(4);
    expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: 'repository.locked', message: expect.stringContaining('otherbox') as unknown } });
    expect((await here('unlock')).code).toBe(2);
    expect(readdirSync(at('shared/locks'))).toEqual(locks);
    expect((await here('snap', 'shop')).code).toBe(4);

    expect(await here('unlock', '--yes')).toMatchObject({ code: 0 });
    expect(await here('snap', 'shop')).toMatchObject({ code: 0 });
    expect(await here('check', '--level', 'decoded')).toMatchObject({ code: 0 });
    expect(existsSync(at('shared/locks')) ? readdirSync(at('shared/locks')) : []).toEqual([]);
  });
});
