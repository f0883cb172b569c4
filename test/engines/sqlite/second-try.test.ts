import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { isAppError } from '../../../electron/core/base/errors.ts';
import type { EngineSource, RestoreTarget, UndoRecord } from '../../../electron/core/engines/engine.ts';
import { createSqliteEngine } from '../../../electron/core/engines/sqlite/engine.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { memorySink } from '../../helpers/memory-sink.ts';
import { run, value } from '../../helpers/sqlite/database.ts';
import { temporaryFolder } from '../../helpers/world.ts';

const engine = createSqliteEngine();
const source = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** The code of an agent of its own in which `commit` writes into `target` as soon as it is let, and says so by the file `committed`. */
function committing(target: string, committed: string): string {
  return `
    import fs from 'node:fs';
    import { createRequire, syncBuiltinESMExports } from 'node:module';
    const Database = createRequire(${JSON.stringify(source('../../../electron/core/engines/sqlite/agent/main.ts'))})('better-sqlite3');
    let second = false;
    const commit = () => {
      const db = new Database(${JSON.stringify(target)}, { timeout: 0 });
      try {
        db.exec("INSERT INTO t (text) VALUES ('committed in between')");
        second = true;
        fs.writeFileSync(${JSON.stringify(committed)}, '');
      } catch (error) {
        if (!String(error.code).startsWith('SQLITE_BUSY')) throw error;
        setImmediate(commit);
      } finally {
        db.close();
      }
    };
  `;
}

/** An agent in which somebody commits to `target` once the mark is made that its content goes back. */
function committingAgent(entry: string, target: string, committed: string): void {
  const text = `${committing(target, committed)}
    const { openSync } = fs;
    fs.openSync = (...args) => {
      if (!second && String(args[0]).endsWith('.belay-undoing')) setImmediate(commit);
      return openSync(...args);
    };
    syncBuiltinESMExports();
    await import(${JSON.stringify(source('../../../electron/core/engines/sqlite/agent/main.ts'))});
  `;
  writeFileSync(entry, text);
}

/** An agent that is killed when it has made the mark that the old content goes back. */
function dyingAgent(entry: string): void {
  const text = `
    import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    const { openSync, fsyncSync } = fs;
    let marked = false;
    fs.openSync = (...args) => {
      marked ||= String(args[0]).endsWith('.belay-undoing');
      return openSync(...args);
    };
    fs.fsyncSync = (...args) => {
      fsyncSync(...args);
      if (marked) process.kill(process.pid, 'SIGKILL');
    };
    syncBuiltinESMExports();
    await import(${JSON.stringify(source('../../../electron/core/engines/sqlite/agent/main.ts'))});
  `;
  writeFileSync(entry, text);
}

/**
 * An agent in which somebody commits to `target` in the instant between its keeping and its overwriting, so that it is kept anew, and
 * which is killed before its `killAt`th step after that: changes of the file system, and reports of pages written. It says `committed`
 * by a file of that name.
 */
function killedAgent(entry: string, target: string, committed: string, killAt: number): void {
  const text = `${committing(target, committed)}
    let kept = false;
    let step = 0;
    const count = () => {
      if (!second) return;
      step += 1;
      if (step === ${killAt}) process.kill(process.pid, 'SIGKILL');
    };
    const { renameSync, rmSync, openSync, fsyncSync } = fs;
    fs.renameSync = (from, to) => {
      count();
      renameSync(from, to);
      if (kept || !to.includes('.belay-undo-') || !to.endsWith(${JSON.stringify(path.basename(target))})) return;
      kept = true;
      setImmediate(commit);
    };
    fs.rmSync = (...args) => { count(); return rmSync(...args); };
    fs.openSync = (...args) => { if (args[1] !== 'r') count(); return openSync(...args); };
    fs.fsyncSync = (...args) => { count(); return fsyncSync(...args); };
    syncBuiltinESMExports();
    const send = process.send.bind(process);
    process.send = (...args) => { count(); return send(...args); };
    await import(${JSON.stringify(source('../../../electron/core/engines/sqlite/agent/main.ts'))});
  `;
  writeFileSync(entry, text);
}

const rows = (file: string): unknown => value(file, "SELECT group_concat(text, ',') FROM t");

for (const journal of ['wal', 'delete'] as const) {
  describe(`somebody commits between keeping and overwriting, and the writing is killed, journal_mode=${journal}`, () => {
    test('of a set: every file is as it was, with what was committed, or has the new content and that is kept', async () => {
      await using folder = await temporaryFolder('belay-second');
      const place = path.join(folder.path, 'place');
      const { mkdirSync } = await import('node:fs');
      for (const made of [place, path.join(folder.path, 'source')]) mkdirSync(made);
      const filesIn = (at: string) => ({
        path: path.join(folder.path, at, 'one.db'),
        attached: [{ name: 'two', path: path.join(folder.path, at, 'two.db') }],
      });
      const from: EngineSource = { name: 'pair', engine: 'sqlite', location: filesIn('source') };
      const target: RestoreTarget = { location: filesIn('place'), mode: 'in-place' };
      const [one, two] = [path.join(place, 'one.db'), path.join(place, 'two.db')];
      const make = (file: string, text: string): void =>
        run(file, `PRAGMA journal_mode = ${journal}; CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT); INSERT INTO t (text) VALUES ('${text}')`);
      for (const name of ['one', 'two']) {
        make(path.join(folder.path, 'source', `${name}.db`), `new ${name}`);
        make(path.join(place, `${name}.db`), `old ${name}`);
      }
      const sink = memorySink();
      const report = await withContext((context) => engine.capture(from, { maxWriterWait: 5000 }, sink, context));
      const snapshot = sink.snapshot('sqlite', from.location, report.fingerprint);

      const entry = path.join(folder.path, 'agent.mjs');
      const committed = path.join(folder.path, 'committed');
      const ends = new Set<string>();
      let between = 0;
      for (let step = 1, killed = true; killed; step += 1) {
        killedAgent(entry, two, committed, step);
        const copy = await withContext((context) => engine.restore(snapshot, target, context, () => Promise.resolve()));
        let noted: UndoRecord | undefined;
        const failed: unknown = await withContext((context) =>
          createSqliteEngine({ entry }).promote(copy, target, context, (undo) => {
            noted = undo;
            return Promise.resolve();
          }),
        ).then(
          () => undefined,
          (error: unknown) => error,
        );
        killed = isAppError(failed, 'tool.failed');
        if (!killed) expect(failed).toBeUndefined();
        if (noted === undefined) throw new Error('nothing was noted');
        expect(existsSync(committed), `step ${step}: nothing was committed in between`).toBe(true);
        between += 1;
        const undo = noted;
        const end = await withContext((context) => engine.recover(undo, context));
        ends.add(end);
        if (end === 'promoted') {
          expect([rows(one), rows(two)], `step ${step}`).toEqual(['new one', 'new two']);
          await withContext((context) => engine.undo(undo, context, { force: false }));
        }
        const added = Array.from({ length: between }, () => 'committed in between');
        expect([rows(one), rows(two)], `step ${step}, ${end}`).toEqual(['old one', ['old two', ...added].join()]);
        await withContext((context) => engine.discard(copy, context));
        expect(readdirSync(place).filter((name) => !/-(?:wal|shm)$/.test(name))).toEqual(['one.db', 'two.db']);
      }
      expect(between).toBeGreaterThan(5);
      expect(ends).toEqual(new Set(['promoted', 'rolled-back']));
    });
  });
}

/** A database `to` that a restore in place gave new content; everything lies below `folder`. */
async function writtenInPlace(folder: string, journal: string): Promise<{ readonly to: string; readonly undo: UndoRecord }> {
  const { mkdirSync } = await import('node:fs');
  mkdirSync(path.join(folder, 'place'));
  const [from, to] = [path.join(folder, 'source.db'), path.join(folder, 'place', 'target.db')];
  for (const [file, text] of [
    [from, 'new'],
    [to, 'old'],
  ] as const)
    run(file, `PRAGMA journal_mode = ${journal}; CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT); INSERT INTO t (text) VALUES ('${text}')`);
  const sink = memorySink();
  const location = { path: from };
  const report = await withContext((context) => engine.capture({ name: 's', engine: 'sqlite', location }, { maxWriterWait: 5000 }, sink, context));
  const target: RestoreTarget = { location: { path: to }, mode: 'in-place' };
  const undo = await withContext(async (context) =>
    engine.promote(await engine.restore(sink.snapshot('sqlite', location, report.fingerprint), target, context, () => Promise.resolve()), target, context, () =>
      Promise.resolve(),
    ),
  );
  return { to, undo };
}

for (const journal of ['wal', 'delete'] as const) {
  test(`undo in place: what somebody commits between the look and the writing is seen, and nothing is overwritten, journal_mode=${journal}`, async () => {
    await using folder = await temporaryFolder('belay-between');
    const { to, undo } = await writtenInPlace(folder.path, journal);
    const entry = path.join(folder.path, 'agent.mjs');
    const committed = path.join(folder.path, 'committed');
    committingAgent(entry, to, committed);
    const refused: unknown = await withContext((context) => createSqliteEngine({ entry }).undo(undo, context, { force: false })).catch(
      (error: unknown) => error,
    );
    expect(existsSync(committed), String(refused)).toBe(true);
    expect(isAppError(refused, 'undo.target-changed')).toBe(true);
    expect(rows(to)).toBe('new,committed in between');
    expect(await withContext((context) => engine.recover(undo, context))).toBe('promoted');
    expect(rows(to)).toBe('new,committed in between');
    await withContext((context) => engine.undo(undo, context, { force: true }));
    expect(rows(to)).toBe('old');
  });

  test(`undo in place, killed before it wrote: it goes on, unless somebody wrote since, journal_mode=${journal}`, async () => {
    for (const written of [false, true]) {
      await using folder = await temporaryFolder('belay-between');
      const { to, undo } = await writtenInPlace(folder.path, journal);
      const entry = path.join(folder.path, 'agent.mjs');
      dyingAgent(entry);
      const failed: unknown = await withContext((context) => createSqliteEngine({ entry }).undo(undo, context, { force: false })).catch(
        (error: unknown) => error,
      );
      expect(isAppError(failed, 'tool.failed')).toBe(true);
      if (written) run(to, "INSERT INTO t (text) VALUES ('after the crash')");
      expect(await withContext((context) => engine.recover(undo, context))).toBe(written ? 'promoted' : 'rolled-back');
      expect(rows(to)).toBe(written ? 'new,after the crash' : 'old');
      if (!written) continue;
      const refused: unknown = await withContext((context) => engine.undo(undo, context, { force: false })).catch((error: unknown) => error);
      expect(isAppError(refused, 'undo.target-changed')).toBe(true);
      await withContext((context) => engine.undo(undo, context, { force: true }));
      expect(rows(to)).toBe('old');
    }
  });
}
