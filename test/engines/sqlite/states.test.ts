import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { isAppError } from '../../../electron/core/base/errors.ts';
import type { Fingerprint } from '../../../electron/core/engines/engine.ts';
import { compareFingerprints } from '../../../electron/core/engines/fingerprint.ts';
import { createSqliteEngine } from '../../../electron/core/engines/sqlite/engine.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { brokenLaws, makeBank } from '../../helpers/sqlite/bank.ts';
import { captureFile, sqliteSource, type CapturedFile } from '../../helpers/sqlite/capturing.ts';
import { describeDatabase, run, value } from '../../helpers/sqlite/database.ts';
import { makeHot, makeUnmerged, photograph } from '../../helpers/sqlite/states.ts';
import { runKilled } from '../../helpers/sqlite/subject.ts';
import { temporaryFolder } from '../../helpers/world.ts';

const engine = createSqliteEngine();

async function restored(captured: CapturedFile, to: string): Promise<string> {
  await withContext((context) => engine.restore(captured.snapshot, { location: { path: to }, mode: 'throw-away' }, context, () => Promise.resolve()));
  return to;
}

describe('capture changes nothing, whatever it finds', () => {
  test('a hot journal: the state before the torn transaction is captured', async () => {
    await using folder = await temporaryFolder('belay-states');
    const source = path.join(folder.path, 'source');
    mkdirSync(source);
    const file = path.join(source, 'bank.db');
    await makeHot(file);
    const before = photograph(source);
    const captured = await captureFile(engine, file);
    expect(photograph(source)).toEqual(before);
    expect(captured.report.warnings.join()).toContain('private copy');
    const copy = await restored(captured, path.join(folder.path, 'restored.db'));
    expect(existsSync(`${copy}-journal`)).toBe(false);
    expect(brokenLaws(copy)).toEqual([]);
    // The torn file by itself breaks the laws: it was not merely lucky.
    copyFileSync(file, path.join(folder.path, 'torn.db'));
    expect(brokenLaws(path.join(folder.path, 'torn.db'))).not.toEqual([]);
  });

  for (const index of ['kept', 'gone'] as const) {
    test(`a log that was not merged, its index ${index}: what was committed is captured`, async () => {
      await using folder = await temporaryFolder('belay-states');
      const source = path.join(folder.path, 'source');
      mkdirSync(source);
      const file = path.join(source, 'bank.db');
      await makeUnmerged(file, index);
      const before = photograph(source);
      const captured = await captureFile(engine, file);
      const { 'bank.db-shm': _now, ...after } = photograph(source);
      const { 'bank.db-shm': _then, ...then } = before;
      expect(after).toEqual(then);
      expect(existsSync(`${file}-shm`)).toBe(index === 'kept');
      const copy = await restored(captured, path.join(folder.path, 'restored.db'));
      expect(brokenLaws(copy)).toEqual([]);
      expect(Number(value(copy, 'SELECT count(*) FROM transfers'))).toBeGreaterThan(0);
      copyFileSync(file, path.join(folder.path, 'alone.db'));
      expect(value(path.join(folder.path, 'alone.db'), 'SELECT count(*) FROM transfers')).toBe(0);
    });
  }

  for (const journal of ['wal', 'delete'] as const) {
    test(`closed cleanly, journal_mode=${journal}`, async () => {
      await using folder = await temporaryFolder('belay-states');
      const file = path.join(folder.path, 'bank.db');
      makeBank(file, { journal, filler: 300 });
      const before = photograph(folder.path);
      const captured = await captureFile(engine, file);
      expect(photograph(folder.path)).toEqual(before);
      expect(captured.sink.bytes('file/main').equals(readFileSync(file))).toBe(true);
    });
  }

  test('by way of a link, the file that it points to with what lies beside that', async () => {
    await using folder = await temporaryFolder('belay-states');
    const [real, links] = [path.join(folder.path, 'real'), path.join(folder.path, 'links')];
    mkdirSync(real);
    mkdirSync(links);
    const file = path.join(real, 'bank.db');
    await makeUnmerged(file, 'kept');
    const link = path.join(links, 'current.db');
    symlinkSync('../real/bank.db', link);
    const captured = await captureFile(engine, link);
    const copy = await restored(captured, path.join(folder.path, 'restored.db'));
    expect(Number(value(copy, 'SELECT count(*) FROM transfers'))).toBeGreaterThan(0);

    const target = { location: { path: link }, mode: 'replace' } as const;
    run(file, 'UPDATE accounts SET name = name || 1');
    const undo = await withContext(async (context) =>
      engine.promote(await engine.restore(captured.snapshot, target, context, () => Promise.resolve()), target, context, () => Promise.resolve()),
    );
    expect(existsSync(link) && readFileSync(link).equals(readFileSync(file))).toBe(true);
    expect(value(file, 'SELECT name FROM accounts WHERE id = 1')).toBe('account 1');
    await withContext((context) => engine.undo(undo, context, { force: false }));
    expect(value(link, 'SELECT name FROM accounts WHERE id = 1')).toBe('account 11');
  });

  test('a loose file is read as it lies, nothing is made beside it', async () => {
    await using folder = await temporaryFolder('belay-states');
    const loose = path.join(folder.path, 'loose');
    mkdirSync(loose);
    const file = path.join(loose, 'app_2026-11-20_0215.sqlite');
    await makeUnmerged(file, 'gone');
    writeFileSync(path.join(folder.path, 'x'), '');
    const before = photograph(loose);
    const native = await withContext((context) => engine.recogniseNative(file, context));
    expect(native).toMatchObject({ madeAt: Date.UTC(2026, 10, 20, 2, 15), madeAtFrom: 'name', sourceName: 'app', format: '.sqlite' });
    if (native === undefined) throw new Error('not recognised');
    const source = engine.nativeSource(native);
    const print = await withContext((context) => engine.fingerprint({ kind: 'source', source }, context));
    await withContext(async (context) => {
      const content = engine.nativeContent(native, print, path.join(context.temporaryFolder, 'loose'));
      const location = { path: path.join(folder.path, 'restored.db') };
      const copy = await engine.restore(content, { location, mode: 'throw-away' }, context, () => Promise.resolve());
      expect(compareFingerprints(print, await engine.fingerprint({ kind: 'copy', copy }, context))).toEqual([]);
      expect(Number(value(location.path, 'SELECT count(*) FROM transfers'))).toBeGreaterThan(0);
    });
    expect(photograph(loose)).toEqual(before);
  });
});

describe('where this user may only read', () => {
  const child = fileURLToPath(new URL('../../helpers/sqlite/capture-child.ts', import.meta.url));

  /** As root, rights say nothing: the capture then runs as nobody. */
  async function captureAsReader(file: string): Promise<{ code?: string; warnings?: string[]; fingerprint?: Fingerprint }> {
    const asNobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const running = fork(child, [file], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: ['--disable-warning=ExperimentalWarning'],
      env: { ...process.env, NODE_COMPILE_CACHE: '' },
      ...asNobody,
    });
    const [told] = (await once(running, 'message')) as [{ code?: string }];
    return told;
  }

  for (const journal of ['wal', 'delete'] as const) {
    test(`journal_mode=${journal}, a folder and a file that cannot be written`, async () => {
      await using folder = await temporaryFolder('belay-states');
      chmodSync(folder.path, 0o755);
      const place = path.join(folder.path, 'place');
      mkdirSync(place);
      const file = path.join(place, 'bank.db');
      makeBank(file, { journal });
      const { report } = await captureFile(engine, file);
      chmodSync(file, 0o444);
      chmodSync(place, 0o555);
      const before = photograph(place);
      const told = await captureAsReader(file);
      expect(told.code).toBeUndefined();
      expect(told.fingerprint).toEqual(report.fingerprint);
      expect(photograph(place)).toEqual(before);
      chmodSync(place, 0o755);
    });
  }

  test('a file that may not be read is refused', async () => {
    await using folder = await temporaryFolder('belay-states');
    chmodSync(folder.path, 0o755);
    const file = path.join(folder.path, 'bank.db');
    makeBank(file, { journal: 'delete' });
    chmodSync(file, 0o000);
    expect(await captureAsReader(file)).toEqual({ code: 'source.denied' });
  });
});

describe('a damaged source is told, not mended and not captured', () => {
  test('pages of a table overwritten', async () => {
    await using folder = await temporaryFolder('belay-states');
    const file = path.join(folder.path, 'bank.db');
    makeBank(file, { journal: 'delete', filler: 300 });
    const bytes = readFileSync(file);
    bytes.fill(0x5a, 4096 * 20, 4096 * 24);
    writeFileSync(file, bytes);
    const before = photograph(folder.path);
    const failed = await captureFile(engine, file).catch((error: unknown) => error);
    expect(isAppError(failed, 'source.damaged')).toBe(true);
    expect(photograph(folder.path)).toEqual(before);
  });

  test('a file cut off', async () => {
    await using folder = await temporaryFolder('belay-states');
    const file = path.join(folder.path, 'bank.db');
    makeBank(file, { journal: 'delete', filler: 300 });
    truncateSync(file, 4096 * 30 + 100);
    const failed = await captureFile(engine, file).catch((error: unknown) => error);
    expect(isAppError(failed, 'source.damaged')).toBe(true);
  });

  test('pages encrypted behind a plain header', async () => {
    await using folder = await temporaryFolder('belay-states');
    const file = path.join(folder.path, 'bank.db');
    makeBank(file, { journal: 'delete', filler: 300 });
    const bytes = readFileSync(file);
    for (let at = 100; at < bytes.length; at += 1) bytes[at] = (bytes[at] ?? 0) ^ ((at * 131 + 7) & 0xff);
    writeFileSync(file, bytes);
    const failed = await captureFile(engine, file).catch((error: unknown) => error);
    expect(isAppError(failed) && ['source.encrypted', 'source.damaged'].includes(failed.code)).toBe(true);
  });

  test('an index that does not fit its table is found by the self check, with its name', async () => {
    await using folder = await temporaryFolder('belay-states');
    const file = path.join(folder.path, 'bank.db');
    makeBank(file, { journal: 'delete', filler: 10 });
    run(file, 'CREATE INDEX names ON accounts (name)');
    const { default: Database } = await import('better-sqlite3');
    const db = new Database(file);
    db.unsafeMode(true);
    db.exec("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE INDEX names ON accounts (balance)' WHERE name = 'names'");
    db.close();
    const checks = await withContext((context) => engine.selfCheck({ kind: 'source', source: sqliteSource(file) }, context));
    expect(checks[0]).toMatchObject({ name: 'integrity', result: 'failed' });
    expect(checks[0]?.findings.join()).toContain('names');
  });
});

describe('what lies beside a target never mixes with the restored file', () => {
  test('a log of another database, a hot journal and an index beside the target', async () => {
    await using folder = await temporaryFolder('belay-states');
    const good = path.join(folder.path, 'good.db');
    makeBank(good, { journal: 'wal', filler: 100 });
    const expected = describeDatabase(good);
    const captured = await captureFile(engine, good);

    const target = path.join(folder.path, 'target.db');
    await makeUnmerged(target, 'kept');
    const lived = Number(value(target, 'SELECT count(*) FROM transfers'));
    await makeUnmerged(path.join(folder.path, 'again.db'), 'gone');
    copyFileSync(path.join(folder.path, 'again.db-wal'), `${target}-wal`);
    writeFileSync(`${target}-journal`, Buffer.concat([Buffer.from('d9d505f920a163d7', 'hex'), Buffer.alloc(1000)]));
    expect(lived).toBeGreaterThan(0);

    const to = { location: { path: target }, mode: 'replace' } as const;
    const undo = await withContext(async (context) =>
      engine.promote(await engine.restore(captured.snapshot, to, context, () => Promise.resolve()), to, context, () => Promise.resolve()),
    );
    for (const suffix of ['-wal', '-journal', '-shm']) expect(existsSync(target + suffix), suffix).toBe(false);
    expect(describeDatabase(target)).toEqual(expected);
    await withContext((context) => engine.undo(undo, context, { force: true }));
    expect(brokenLaws(target)).toEqual([]);
  });

  test('transactions that only the log of the old file has come back with undo', async () => {
    await using folder = await temporaryFolder('belay-states');
    const good = path.join(folder.path, 'good.db');
    makeBank(good, { journal: 'wal' });
    const captured = await captureFile(engine, good);
    const target = path.join(folder.path, 'target.db');
    await makeUnmerged(target, 'gone');
    const to = { location: { path: target }, mode: 'replace' } as const;
    const undo = await withContext(async (context) =>
      engine.promote(await engine.restore(captured.snapshot, to, context, () => Promise.resolve()), to, context, () => Promise.resolve()),
    );
    expect(value(target, 'SELECT count(*) FROM transfers')).toBe(0);
    await withContext((context) => engine.undo(undo, context, { force: false }));
    expect(Number(value(target, 'SELECT count(*) FROM transfers'))).toBeGreaterThan(0);
    expect(brokenLaws(target)).toEqual([]);
  });

  test('an old file that SQLite cannot open is kept as it lay, log and all, and comes back byte for byte', async () => {
    await using folder = await temporaryFolder('belay-states');
    const good = path.join(folder.path, 'good.db');
    makeBank(good, { journal: 'wal' });
    const captured = await captureFile(engine, good);
    const target = path.join(folder.path, 'target.db');
    writeFileSync(target, Buffer.alloc(8192, 0x42));
    writeFileSync(`${target}-wal`, Buffer.alloc(5000, 0x43));
    const to = { location: { path: target }, mode: 'replace' } as const;
    const undo = await withContext(async (context) =>
      engine.promote(await engine.restore(captured.snapshot, to, context, () => Promise.resolve()), to, context, () => Promise.resolve()),
    );
    expect(existsSync(`${target}-wal`)).toBe(false);
    expect(value(target, 'SELECT count(*) FROM accounts')).toBe(200);
    await withContext((context) => engine.undo(undo, context, { force: true }));
    expect(readFileSync(target).equals(Buffer.alloc(8192, 0x42))).toBe(true);
    expect(readFileSync(`${target}-wal`).equals(Buffer.alloc(5000, 0x43))).toBe(true);
  });

  test('killed at any step, an old file that SQLite cannot open comes back byte for byte with its log', async () => {
    await using folder = await temporaryFolder('belay-states');
    const good = path.join(folder.path, 'good.db');
    makeBank(good, { journal: 'wal' });
    const captured = await captureFile(engine, good);
    const place = path.join(folder.path, 'place');
    mkdirSync(place);
    const target = path.join(place, 'target.db');
    writeFileSync(target, Buffer.alloc(8192, 0x42));
    writeFileSync(`${target}-wal`, Buffer.alloc(5000, 0x43));
    const to = { location: { path: target }, mode: 'replace' } as const;
    const ends = new Set<string>();
    const whole = (): boolean => readFileSync(target).equals(Buffer.alloc(8192, 0x42)) && readFileSync(`${target}-wal`).equals(Buffer.alloc(5000, 0x43));
    for (const kind of ['promote', 'undo'] as const) {
      for (let step = 1, killed = true; killed; step += 1) {
        const copy = await withContext((context) => engine.restore(captured.snapshot, to, context, () => Promise.resolve()));
        const done = kind === 'undo' ? await withContext((context) => engine.promote(copy, to, context, () => Promise.resolve())) : undefined;
        const run = await runKilled(place, done === undefined ? { kind: 'promote', copy, target: to } : { kind: 'undo', undo: done }, step, (file) => file);
        const undo = done ?? run.undo;
        ({ killed } = run);
        const end = undo === undefined || (kind === 'undo' && !killed) ? 'rolled-back' : await withContext((context) => engine.recover(undo, context));
        ends.add(end);
        if (end === 'promoted' && undo !== undefined) {
          expect(existsSync(`${target}-wal`), `${kind} ${step}`).toBe(false);
          expect(readFileSync(target).equals(readFileSync(good))).toBe(true);
          await withContext((context) => engine.undo(undo, context, { force: false }));
        }
        await withContext((context) => engine.discard(copy, context));
        expect(whole(), `${kind} ${step}`).toBe(true);
        expect(
          readdirSync(place).filter((name) => !name.endsWith('.json')),
          `${kind} ${step}`,
        ).toEqual(['target.db', 'target.db-wal']);
      }
    }
    expect(ends).toEqual(new Set(['promoted', 'rolled-back']));
  });

  test('a log where no database is', async () => {
    await using folder = await temporaryFolder('belay-states');
    const good = path.join(folder.path, 'good.db');
    makeBank(good, { journal: 'wal' });
    const expected = describeDatabase(good);
    const captured = await captureFile(engine, good);
    await makeUnmerged(path.join(folder.path, 'other.db'), 'gone');
    const target = path.join(folder.path, 'target.db');
    copyFileSync(path.join(folder.path, 'other.db-wal'), `${target}-wal`);
    const to = { location: { path: target }, mode: 'new' } as const;
    const undo = await withContext(async (context) =>
      engine.promote(await engine.restore(captured.snapshot, to, context, () => Promise.resolve()), to, context, () => Promise.resolve()),
    );
    expect(existsSync(`${target}-wal`)).toBe(false);
    expect(describeDatabase(target)).toEqual(expected);
    await withContext((context) => engine.undo(undo, context, { force: false }));
    expect(existsSync(target)).toBe(false);
    expect(existsSync(`${target}-wal`)).toBe(true);
  });
});

test('mode and owner of a replaced file are kept, those of a new one come from the snapshot', async () => {
  await using folder = await temporaryFolder('belay-states');
  const { statSync } = await import('node:fs');
  const file = path.join(folder.path, 'bank.db');
  makeBank(file, { journal: 'delete' });
  chmodSync(file, 0o640);
  const captured = await captureFile(engine, file);
  chmodSync(file, 0o664);
  for (const [to, mode, expected] of [
    [file, 'replace', 0o664],
    [path.join(folder.path, 'new.db'), 'new', 0o640],
  ] as const) {
    const target = { location: { path: to }, mode };
    await withContext(async (context) =>
      engine.promote(await engine.restore(captured.snapshot, target, context, () => Promise.resolve()), target, context, () => Promise.resolve()),
    );
    expect(statSync(to).mode & 0o777).toBe(expected);
  }
});
