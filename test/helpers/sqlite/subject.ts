import { fork } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EngineSource, SourceLocation, UndoRecord } from '../../../electron/core/engines/engine.ts';
import { createSqliteEngine } from '../../../electron/core/engines/sqlite/engine.ts';
import type { EngineSubject, KilledOperation, KilledRun } from '../../contract/engine-subject.ts';
import { accounts, brokenLaws, makeBank, plantIndex, transfer } from './bank.ts';
import { digestDatabase, run, withDatabase } from './database.ts';
import { startWriter } from './writer.ts';

export interface SubjectOptions {
  readonly journal: 'wal' | 'delete';
  /** True for a set: a second file beside the bank. */
  readonly attached?: boolean;
}

const killedChild = fileURLToPath(new URL('./killed-child.ts', import.meta.url));
const killPreload = fileURLToPath(new URL('../kill-at-step.ts', import.meta.url));

/** Files that a subject itself made: everything else that lies about is residue. */
export async function makeSqliteSubject(options: SubjectOptions): Promise<EngineSubject> {
  const root = await realpath(await mkdtemp(path.join(tmpdir(), 'belay-sqlite-')));
  const made = new Set<string>();
  const own = (file: string): string => {
    made.add(file);
    return file;
  };
  const main = own(path.join(root, 'bank.db'));
  makeBank(main, { journal: options.journal, filler: 1200 });
  withDatabase(main, (db) => {
    for (let seed = 1; seed <= 20; seed += 1) transfer(db, seed);
  });
  const logs = path.join(root, 'logs.db');
  if (options.attached === true) {
    own(logs);
    run(
      logs,
      `PRAGMA journal_mode = ${options.journal}; CREATE TABLE lines (id INTEGER PRIMARY KEY, text TEXT); INSERT INTO lines (text) VALUES ('one'), ('two');`,
    );
  }
  const prefix = options.attached === true ? 'main.' : '';
  const located = (mainPath: string, logsPath: string): SourceLocation => ({
    path: mainPath,
    ...(options.attached === true ? { attached: [{ name: 'logs', path: logsPath }] } : {}),
  });
  const filesOf = (location: SourceLocation): readonly string[] => [String(location['path']), ...attachedPaths(location)];
  const source: EngineSource = { name: 'bank', engine: 'sqlite', location: located(main, logs) };
  let count = 0;

  return {
    engine: createSqliteEngine(),
    source,
    table: { name: `${prefix}accounts`, rows: accounts, column: 'id' },
    startWriter: async () => {
      const writer = await startWriter(main, { checkpointEvery: options.journal === 'wal' ? 7 : 0 });
      return { stop: async () => (await writer.stop()).commits };
    },
    brokenLaws: (location) => Promise.resolve(brokenLaws(String(location['path']))),
    digest: (location) => Promise.resolve(filesOf(location).map(digestDatabase).join()),
    change: (location) => {
      withDatabase(String(location['path']), (db) => transfer(db, 1000 + count++));
      for (const file of attachedPaths(location)) run(file, `INSERT INTO lines (text) VALUES ('line ${count}')`);
      return Promise.resolve();
    },
    plant: {
      row: (location) => {
        run(String(location['path']), 'UPDATE accounts SET balance = balance + 1 WHERE id = 42');
        return Promise.resolve(['id = 42', '"balance"', 'accounts']);
      },
      column: (location) => {
        run(String(location['path']), "ALTER TABLE accounts ADD COLUMN planted TEXT DEFAULT 'x'");
        return Promise.resolve(['"planted"', 'accounts']);
      },
      index: (location) => {
        plantIndex(String(location['path']));
        return Promise.resolve(['planted_index', 'accounts']);
      },
    },
    newLocation: () => {
      count += 1;
      return Promise.resolve(located(own(path.join(root, `new-${count}.db`)), own(path.join(root, `new-${count}.logs.db`))));
    },
    newFile: () => {
      count += 1;
      own(path.join(root, `export-${count}.logs.sqlite`));
      return Promise.resolve(own(path.join(root, `export-${count}.sqlite`)));
    },
    newLocationLike: (like) => {
      count += 1;
      return Promise.resolve({
        path: own(path.join(root, `like-${count}.db`)),
        ...(attachedPaths(like).length === 0 ? {} : { attached: [{ name: 'logs', path: own(path.join(root, `like-${count}.logs.db`)) }] }),
      });
    },
    exported: ([first = '', second]) => {
      const attached = second === undefined ? {} : { attached: [{ name: 'logs', path: second }] };
      return Promise.resolve({ name: 'exported', engine: 'sqlite', location: { path: first, ...attached, loose: true } });
    },
    hostile: () => hostileSources(root, main, options.attached === true ? logs : undefined, own),
    refused: () => refusedSources(root, own),
    residue: () => residue(root, made),
    runKilled: (operation, step) => runKilled(root, operation, step, own),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

function attachedPaths(location: SourceLocation): readonly string[] {
  const attached = location['attached'];
  return Array.isArray(attached) ? attached.map((one: { readonly path: string }) => one.path) : [];
}

/** Everything below the root that the subject did not make; logs and indexes of files of its own only where somebody left them open. */
async function residue(root: string, made: ReadonlySet<string>): Promise<readonly string[]> {
  const found = await readdir(root, { recursive: true, withFileTypes: true });
  return found
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !made.has(file) && file !== path.join(root, '.belay-checkpoints'))
    .map((file) => path.relative(root, file));
}

const names = [
  "it's",
  'say "hi"',
  'two\nlines',
  '-rf',
  '--help',
  '..hidden..',
  'a;b|c&d$(e)`f`',
  'sp ace.db',
  'trailing ',
  'percent%20%2e',
  'file:name?mode=ro',
  'rtl-\u202egpj.db',
  'عربى.db',
  'e\u0301-\u00e9',
  '😀.db',
  'x'.repeat(255),
];

async function hostileSources(root: string, main: string, logs: string | undefined, own: (file: string) => string): Promise<readonly EngineSource[]> {
  const sources: EngineSource[] = [];
  for (const [i, name] of names.entries()) {
    const folder = own(path.join(root, `hostile-${i}`));
    await mkdir(folder);
    const file = own(path.join(folder, name));
    await copyFile(main, file);
    // A name of 255 bytes leaves no room for the name of a log beside it.
    if (name.length > 250) {
      const plain = path.join(folder, 'plain');
      await copyFile(main, plain);
      run(plain, 'PRAGMA journal_mode = DELETE');
      await rm(file);
      await copyFile(plain, file);
      await rm(plain);
    }
    const attached = logs === undefined ? {} : { attached: [{ name: 'logs', path: logs }] };
    sources.push({ name, engine: 'sqlite', location: { path: file, ...attached } });
  }
  return sources;
}

async function refusedSources(root: string, own: (file: string) => string): Promise<readonly { readonly source: EngineSource; readonly code: string }[]> {
  const at = (name: string): string => own(path.join(root, name));
  await mkdir(at('folder.db'));
  await writeFile(at('text.db'), 'CREATE TABLE t (a);\n'.repeat(100));
  await writeFile(at('encrypted.db'), randomBytes(64 * 1024));
  await writeFile(at('archive.db'), Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0]), randomBytes(8188)]));
  await symlink('nowhere.db', at('dangling.db'));
  const codes = {
    'missing.db': 'source.missing',
    'dangling.db': 'source.missing',
    'folder.db': 'source.not-a-database',
    'text.db': 'source.not-a-database',
    'archive.db': 'source.not-a-database',
    'encrypted.db': 'source.encrypted',
  };
  return Object.entries(codes).map(([name, code]) => ({ source: { name, engine: 'sqlite', location: { path: path.join(root, name) } }, code }));
}

/** Runs the operation in a process that is killed before its `step`th change below `root`; `own` is told of the files made for it. */
export async function runKilled(root: string, operation: KilledOperation, step: number, own: (file: string) => string): Promise<KilledRun> {
  const orders = own(path.join(root, 'orders.json'));
  const record = own(path.join(root, 'record.json'));
  await rm(record, { force: true });
  await writeFile(orders, JSON.stringify(operation));
  const child = fork(killedChild, [orders, record], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: ['--disable-warning=ExperimentalWarning', '--import', killPreload],
    env: { ...process.env, KILL_AT: String(step), KILL_BELOW: root },
  });
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  if (signal !== 'SIGKILL' && code !== 0) throw new Error(`the child failed: ${code ?? signal}`);
  const undo = existsSync(record) ? (JSON.parse(await readFile(record, 'utf8')) as UndoRecord) : undefined;
  return { killed: signal === 'SIGKILL', undo };
}
