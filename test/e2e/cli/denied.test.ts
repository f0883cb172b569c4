import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { answerOf, change, contentOf, makeShop, Place, record, type RunOptions } from '../../helpers/cli/belay.ts';

const nobody = 65_534;
/** What Node compiled for that user, who may not read what it compiled for root. */
const compiled = mkdtempSync(join(tmpdir(), 'belay-compiled-'));
chmodSync(compiled, 0o777);
afterAll(() => rm(compiled, { recursive: true }));
const asNobody: RunOptions = { uid: nobody, env: { NODE_COMPILE_CACHE: compiled } };

/**
 * A shop with a snapshot, and a folder `locked` that the user who runs `belay` may not look into: rights say nothing to root, who
 * therefore runs it as somebody else.
 */
async function lockedOut(): Promise<{ readonly place: Place; readonly as: RunOptions; readonly error: (...argv: string[]) => Promise<unknown> }> {
  const place = await Place.make();
  makeShop(place.path('shop.db'), 20);
  const end = await place.host();
  await place.ok('init', '--no-encryption');
  await place.ok('source', 'add', 'shop.db');
  await place.data('snap', 'shop');
  await place.data('checkpoint', 'create', 'shop');
  await end();
  await mkdir(place.path('locked'));
  makeShop(place.path('locked/inside.db'), 5);
  const root = process.getuid?.() === 0;
  const as = root ? asNobody : {};
  if (root) execFileSync('chown', ['-R', `${nobody}:${nobody}`, place.root]);
  if (root) execFileSync('chown', ['-R', '0:0', place.path('locked')]);
  chmodSync(place.path('locked'), root ? 0o700 : 0o000);
  return { place, as, error: async (...argv) => answerOf(await place.run([...argv, '--json'], as))['error'] };
}

async function dispose(place: Place): Promise<void> {
  chmodSync(place.path('locked'), 0o700);
  await place[Symbol.asyncDispose]();
}

describe('places that this user may not reach have a code and a next step, never a bug', () => {
  test('targets and sources in a folder that may not be searched', async () => {
    const { place, as, error } = await lockedOut();
    await place.host(as);
    try {
      const inside = place.path('locked/inside.db');
      const denied = { code: 'target.denied', message: expect.stringContaining(place.path('locked')), hint: expect.stringContaining('rights') };
      expect(await error('restore', 'latest', '--to', inside)).toMatchObject(denied);
      expect(await error('restore', 'latest', '--to', inside, '--hold')).toMatchObject(denied);
      expect(await error('restore', 'latest', '--to', inside, '--in-place')).toMatchObject(denied);
      const dry = await place.run(['restore', 'latest', '--to', inside, '--dry-run', '--json'], as);
      expect(record(record(answerOf(dry)['data'])['preflight'])['blockers']).toMatchObject([{ code: 'target.denied' }]);
      expect(await error('export', 'latest', '--to', inside)).toMatchObject({ code: 'target.denied' });
      expect(await error('source', 'add', inside)).toMatchObject({ code: 'source.denied' });
      expect(await error('restore', '--file', inside, '--to', place.path('x.db'))).toMatchObject({ code: 'source.denied' });
      expect(await error('verify', inside)).toMatchObject({ code: 'source.denied' });
      expect(await error('import', inside)).toMatchObject({ code: 'source.denied' });
      expect(await error('import', place.path('locked'))).toMatchObject({ code: 'source.denied' });
      // A folder with one that cannot be read among others costs only that one.
      const { imported, skipped } = record(answerOf(await place.run(['import', place.project, '--dry-run', '--json'], as))['data']);
      expect(imported).toMatchObject([{ path: place.path('shop.db') }, {}].slice(0, Array.isArray(imported) ? imported.length : 1));
      expect(skipped).toMatchObject(expect.arrayContaining([{ path: place.path('locked'), reason: expect.stringContaining('cannot be read'), failed: true }]));
      expect(existsSync(place.path('x.db'))).toBe(false);
    } finally {
      await dispose(place);
    }
  });

  test('a source whose folder was closed meanwhile: snapshot, rewind, undo, checkpoints', async () => {
    const { place, error, as } = await lockedOut();
    // One host for all of them: what it could not settle while the folder was closed must not be lost on it.
    await place.host(as);
    try {
      expect((await place.run(['rewind', 'shop', '--json'], as)).code).toBe(0);
      const root = process.getuid?.() === 0;
      if (root) execFileSync('chown', ['0:0', place.project]);
      chmodSync(place.project, root ? 0o700 : 0o000);
      const cwd = place.root;
      const told = async (...argv: string[]): Promise<unknown> => answerOf(await place.run([...argv, '--json'], { ...as, cwd }))['error'];
      expect(await told('snap', 'shop')).toMatchObject({ code: 'source.denied' });
      expect(await told('compare', 'shop')).toMatchObject({ code: 'source.denied' });
      for (const way of [[], ['--in-place']]) expect(await told('rewind', 'shop', ...way)).toMatchObject({ code: 'target.denied' });
      expect(await told('undo')).toMatchObject({ code: 'target.denied' });
      expect(await told('checkpoint', 'list', 'shop')).toMatchObject({ code: 'target.denied' });
      expect(await told('checkpoint', 'create', 'shop')).toMatchObject({ code: 'target.denied' });
      expect(answerOf(await place.run(['status', '--json'], { ...as, cwd }))).toMatchObject({ ok: true });
      chmodSync(place.project, 0o755);
      if (root) execFileSync('chown', [`${nobody}`, place.project]);
      expect(await error('undo')).toBeUndefined();
    } finally {
      chmodSync(place.project, 0o755);
      await dispose(place);
    }
  });

  test('paths that lead nowhere: a file for a folder, links in a circle, names too long', async () => {
    await using place = await Place.withShop(5, 'hosted');
    await place.data('snap', 'shop');
    writeFileSync(place.path('file'), '');
    symlinkSync('circle', place.path('circle'));
    const codeOf = async (...argv: string[]): Promise<unknown> => {
      const { code, hint } = record(answerOf(await place.run([...argv, '--json']))['error']);
      expect(hint, argv.join(' ')).toEqual(expect.any(String));
      return code;
    };
    expect(await codeOf('restore', 'latest', '--to', place.path('file/x.db'))).toBe('target.missing');
    expect(await codeOf('restore', 'latest', '--to', place.path('nowhere/x.db'))).toBe('target.missing');
    expect(await codeOf('restore', 'latest', '--to', place.path('circle/x.db'))).toBe('target.denied');
    expect(await codeOf('restore', 'latest', '--to', place.path('circle'))).toMatch(/^target\./);
    expect(await codeOf('restore', 'latest', '--to', place.path('x'.repeat(300)))).toBe('target.denied');
    expect(await codeOf('export', 'latest', '--to', place.path('x'.repeat(300)))).toBe('target.denied');
    expect(await codeOf('export', 'latest', '--to', place.path('file/x.sqlite'))).toBe('target.missing');
    for (const path of ['file/x.db', 'circle', 'x'.repeat(300)]) expect(await codeOf('source', 'add', place.path(path))).toMatch(/^source\./);
    for (const path of ['file/x.db', 'circle', 'x'.repeat(300)]) expect(await codeOf('import', place.path(path))).toMatch(/^source\./);
  });
});

describe('a dry run of a rewind to a checkpoint says what the rewind would be refused for', () => {
  async function withCheckpoint(hosted?: 'hosted'): Promise<{ readonly place: Place; readonly line: readonly string[]; readonly id: string }> {
    const place = await Place.withShop(20, hosted);
    const id = String(record((await place.data('checkpoint', 'create', 'shop'))['checkpoint'])['id']);
    change(place.path('shop.db'), 'delete from orders');
    return { place, id, line: ['rewind', 'shop', '--checkpoint', id, '--json'] };
  }

  /** The codes in the way as the dry run tells them, and what the rewind is refused with. */
  async function bothWays(place: Place, line: readonly string[], options: RunOptions = {}): Promise<readonly [unknown, unknown]> {
    const before = contentOf(place.path('shop.db'));
    const dry = record(answerOf(await place.run([...line, '--dry-run'], options))['data']);
    const { blockers } = record(dry['preflight']);
    const refused = record(answerOf(await place.run(line, options))['error'])['code'];
    expect(contentOf(place.path('shop.db'))).toEqual(before);
    return [Array.isArray(blockers) ? blockers.map((one) => record(one)['code']) : blockers, refused];
  }

  test('nothing, where nothing is', async () => {
    const { place, line } = await withCheckpoint('hosted');
    await using _ = place;
    const dry = record(answerOf(await place.run([...line, '--dry-run']))['data']);
    expect(dry).toMatchObject({ preflight: { blockers: [], bytesFree: expect.any(Number), steps: [expect.any(String), expect.any(String)] } });
    expect((await place.run(line)).code).toBe(0);
  });

  test('a program that has the source open', async () => {
    const { place, line } = await withCheckpoint('hosted');
    await using _ = place;
    const { default: Database } = await import('better-sqlite3');
    const open = new Database(place.path('shop.db'));
    try {
      expect(await bothWays(place, line)).toEqual([['target.busy'], 'target.busy']);
    } finally {
      open.close();
    }
  });

  test('what the checkpoint kept is gone or cut short', async () => {
    const { place, line, id } = await withCheckpoint('hosted');
    await using _ = place;
    const kept = place.path('.belay-checkpoints', id, 'main.db');
    expect((await stat(kept)).size).toBeGreaterThan(0);
    writeFileSync(kept, 'short');
    expect(await bothWays(place, line)).toEqual([['checkpoint.unknown'], 'checkpoint.unknown']);
    await rm(kept);
    expect(await bothWays(place, line)).toEqual([['checkpoint.unknown'], 'checkpoint.unknown']);
  });

  test('a folder that may not be written', async () => {
    const { place, line } = await withCheckpoint();
    await using _ = place;
    const root = process.getuid?.() === 0;
    if (root) execFileSync('chown', ['-R', `${nobody}:${nobody}`, place.root]);
    chmodSync(place.project, 0o555);
    try {
      const as = root ? asNobody : {};
      expect(await bothWays(place, line, as)).toEqual([['target.denied'], 'target.denied']);
    } finally {
      chmodSync(place.project, 0o755);
    }
  });
});
