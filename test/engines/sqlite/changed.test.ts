import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { RestoreTarget } from '../../../electron/core/engines/engine.ts';
import { createSqliteEngine } from '../../../electron/core/engines/sqlite/engine.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { makeBank } from '../../helpers/sqlite/bank.ts';
import { captureFile } from '../../helpers/sqlite/capturing.ts';
import { run, value } from '../../helpers/sqlite/database.ts';
import { temporaryFolder } from '../../helpers/world.ts';

test('what a migration committed into a log beside the copy, and died, is promoted with it', async () => {
  const engine = createSqliteEngine();
  await using folder = await temporaryFolder('belay-changed');
  const file = path.join(folder.path, 'bank.db');
  makeBank(file, { journal: 'delete' });
  const captured = await captureFile(engine, file);
  const target: RestoreTarget = { location: { path: file }, mode: 'replace' };
  const copy = await withContext((context) => engine.restore(captured.snapshot, target, context, () => Promise.resolve()));
  const at = engine.describeLocation(copy.location);
  const script = `
    const db = new (require('node:sqlite').DatabaseSync)(process.argv[1]);
    db.exec("pragma journal_mode = wal; update accounts set name = 'migrated' where id = 1");
    process.kill(process.pid, 'SIGKILL');`;
  spawnSync(process.execPath, ['-e', script, at]);
  expect(existsSync(`${at}-wal`)).toBe(true);
  await withContext(async (context) => {
    const after = await engine.fingerprint({ kind: 'copy', copy }, context);
    const promoted = await engine.changed(copy, after, context);
    expect(existsSync(`${at}-wal`)).toBe(false);
    await engine.promote(promoted, target, context, () => Promise.resolve());
  });
  expect(value(file, 'select name from accounts where id = 1')).toBe('migrated');
  run(file, 'select 1');
});

test('a held copy that a program has open is not promoted; what it left in the log when it was killed is', async () => {
  const engine = createSqliteEngine();
  await using folder = await temporaryFolder('belay-held');
  const file = path.join(folder.path, 'bank.db');
  makeBank(file, { journal: 'wal' });
  const captured = await captureFile(engine, file);
  const target: RestoreTarget = { location: { path: file }, mode: 'replace' };
  const copy = await withContext((context) => engine.restore(captured.snapshot, target, context, () => Promise.resolve()));
  run(file, "update accounts set name = 'live' where id = 1");
  const at = engine.describeLocation(copy.location);
  const script = `
    const db = new (require('node:sqlite').DatabaseSync)(process.argv[1]);
    db.exec("update accounts set name = 'looked at' where id = 1");
    console.log('written');
    setInterval(() => undefined, 1000);`;
  const program = spawn(process.execPath, ['-e', script, at], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(program, 'exit');
  const promote = () => withContext((context) => engine.promote(copy, target, context, () => Promise.resolve()));
  try {
    await once(program.stdout, 'data');
    await expect(promote()).rejects.toMatchObject({ code: 'target.busy', message: expect.stringContaining(`process ${String(program.pid)}`) });
    expect(value(file, 'select name from accounts where id = 1')).toBe('live');
  } finally {
    program.kill('SIGKILL');
    await ended;
  }
  expect(existsSync(`${at}-wal`)).toBe(true);
  await promote();
  expect(value(file, 'select name from accounts where id = 1')).toBe('looked at');
});
