import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { builtEntry } from '../../../tools/lib/build.mjs';
import { frugal } from '../../../tools/lib/memory.mjs';
import { shellWord } from '../../../electron/contract/command-line.ts';

/** The launcher of the checkout, as a user runs it. */
export const launcher = fileURLToPath(new URL('../../../belay', import.meta.url));
/** What the launcher hands over to, in the same process: what was built of the sources as they are, else the sources. */
const entry = builtEntry(fileURLToPath(new URL('../../..', import.meta.url))) ?? fileURLToPath(new URL('../../../tools/lib/enter.mjs', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Another user than this one; only root can. */
  readonly uid?: number;
}

/** A data directory and a project folder of their own, gone when the scope ends. */
export class Place implements AsyncDisposable {
  readonly root: string;
  readonly home: string;
  readonly project: string;
  readonly #running = new Set<ChildProcess>();
  #hosted = false;

  constructor(root: string) {
    this.root = root;
    this.home = join(root, 'home');
    this.project = join(root, 'project');
  }

  static async make(): Promise<Place> {
    const place = new Place(await mkdtemp(join(tmpdir(), 'belay-e2e-')));
    await mkdir(place.project);
    return place;
  }

  /** A place with a repository that is not encrypted and a shop database that is its source `shop`. */
  static async withShop(rows = 200, hosted?: 'hosted'): Promise<Place> {
    const place = await Place.make();
    makeShop(place.path('shop.db'), rows);
    if (hosted === 'hosted') await place.host();
    await place.ok('init', '--no-encryption');
    await place.ok('source', 'add', 'shop.db');
    return place;
  }

  /**
   * A host of its own for this place until the scope ends. Commands that `run` is given run in this process from then on, attached to
   * it, which takes a tenth of what a process of each takes; `start` and other users than this one still get a process. Returns what
   * ends the host.
   */
  async host(options: RunOptions = {}): Promise<() => Promise<void>> {
    const { child, gone } = await this.serve([], options);
    return async () => {
      child.kill('SIGTERM');
      await gone;
    };
  }

  /** As `host`, with more arguments of `belay serve`; `answer` is what it printed. */
  async serve(
    argv: readonly string[] = [],
    options: RunOptions = {},
  ): Promise<{ readonly child: ChildProcess; readonly answer: string; readonly gone: Promise<void> }> {
    const child = this.start(['serve', '--json', ...argv], options);
    let said = '';
    child.stderr?.on('data', (data: Buffer) => (said += data.toString()));
    const answer = await new Promise<string>((resolve, reject) => {
      let stdout = '';
      child.stdout?.on('data', (data: Buffer) => {
        stdout += data.toString();
        if (stdout.endsWith('\n')) resolve(stdout);
      });
      child.once('close', (code) => reject(new Error(`The host ended with ${String(code)}. ${said}`)));
    });
    this.#hosted = true;
    const gone = new Promise<void>((resolve) => child.once('close', () => resolve())).then(() => void (this.#hosted = false));
    return { child, answer, gone };
  }

  path(...parts: readonly string[]): string {
    return join(this.project, ...parts);
  }

  /** No container engine but one that a test brings: this machine's own is nothing to tests. */
  environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
    return {
      PATH: process.env['PATH'] ?? '',
      HOME: this.root,
      TMPDIR: tmpdir(),
      LC_ALL: 'C.UTF-8',
      BELAY_HOME: this.home,
      DOCKER_HOST: `unix://${this.root}/no-engine.sock`,
      ...more,
    };
  }

  /** As the launcher does once it has found Node; `serve` by the launcher itself, which sees to the window. Of a thousand starts each second Node is saved. */
  start(argv: readonly string[], options: RunOptions = {}): ChildProcess {
    const { args, env } = frugal(this.environment(options.env));
    const child = spawn(process.execPath, argv[0] === 'serve' ? [launcher, ...argv] : [...args, entry, ...argv], {
      cwd: options.cwd ?? this.project,
      env: argv[0] === 'serve' ? this.environment(options.env) : env,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
    });
    this.#running.add(child);
    child.once('close', () => this.#running.delete(child));
    return child;
  }

  async run(argv: readonly string[], options: RunOptions = {}): Promise<Ended> {
    if (this.#hosted && options.uid === undefined) {
      const { runInside, runsInside } = await import('./inside.ts');
      if (runsInside(argv, options.env)) return runInside(argv, { cwd: options.cwd ?? this.project, env: this.environment(options.env) });
    }
    return ended(this.start(argv, options));
  }

  /** Standard output of a command that must exit with 0. */
  async ok(...argv: readonly string[]): Promise<string> {
    const ran = await this.run(argv);
    if (ran.code !== 0) throw new Error(`belay ${argv.join(' ')} exited with ${ran.code}: ${ran.stdout}${ran.stderr}`);
    return ran.stdout;
  }

  /** `data` of a command with `--json` that must answer. */
  async data(...argv: readonly string[]): Promise<Record<string, unknown>> {
    const answer = answerOf(await this.run([...argv, '--json']));
    if (answer['ok'] !== true) throw new Error(`belay ${argv.join(' ')}: ${JSON.stringify(answer)}`);
    return record(answer['data']);
  }

  /**
   * A command on a pseudo-terminal of 100 columns: `typed` is what a person types, each once its text was shown.
   * Everything written to the terminal comes back as `stdout`.
   */
  async atTerminal(
    argv: readonly string[],
    typed: readonly { readonly after: string; readonly text: string }[] = [],
    options: RunOptions = {},
  ): Promise<Ended> {
    const line = `stty cols 100 rows 30; exec ${[process.execPath, launcher, ...argv].map(shellWord).join(' ')}`;
    const args = process.platform === 'darwin' ? ['-q', '/dev/null', '/bin/bash', '-c', line] : ['-qefc', `/bin/bash -c ${shellWord(line)}`, '/dev/null'];
    const child = spawn('script', args, {
      cwd: options.cwd ?? this.project,
      env: this.environment({ TERM: 'xterm', SHELL: '/bin/bash', ...options.env }),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#running.add(child);
    const waiting = [...typed];
    let shown = '';
    let seen = 0;
    child.stdout.on('data', (data: Buffer) => {
      shown += data.toString();
      for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
        const at = shown.indexOf(next.after, seen);
        if (at === -1) break;
        seen = at + next.after.length;
        waiting.shift();
        child.stdin.write(next.text);
      }
    });
    const result = await ended(child);
    this.#running.delete(child);
    if (waiting.length > 0) throw new Error(`Never shown: ${JSON.stringify(waiting[0]?.after)} in ${JSON.stringify(shown)}`);
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#running) {
      const gone = ended(child);
      child.kill('SIGTERM');
      await gone;
    }
    await rm(this.root, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}

export function ended(child: ChildProcess): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** The one object on standard output. Throws where there is anything else. */
export function answerOf(ran: Pick<Ended, 'stdout' | 'stderr'>): Record<string, unknown> {
  const lines = ran.stdout.split('\n');
  if (lines.length !== 2 || lines[1] !== '') throw new Error(`Not one line: ${ran.stdout}\n${ran.stderr}`);
  return record(JSON.parse(lines[0] ?? ''));
}

export function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`Not an object: ${JSON.stringify(value)}`);
  return { ...value };
}

/** A small shop: related tables, an index, a view, a trigger, every storage class. */
export function makeShop(path: string, rows: number): void {
  const db = new Database(path);
  db.exec(`create table customers (id integer primary key, name text not null, photo blob);
    create table orders (id integer primary key, customer integer not null references customers (id), total real, note any);
    create index orders_by_customer on orders (customer);
    create view big_orders as select * from orders where total > 100;
    create trigger no_empty_names before insert on customers when new.name = '' begin select raise(abort, 'empty'); end;`);
  const customer = db.prepare('insert into customers values (?, ?, ?)');
  const order = db.prepare('insert into orders values (?, ?, ?, ?)');
  db.transaction(() => {
    for (let id = 1; id <= rows; id += 1) customer.run(id, `customer ${id}`, Buffer.alloc(40, id));
    for (let id = 1; id <= rows * 2; id += 1) order.run(id, (id % rows) + 1, id * 1.5, id % 3 === 0 ? null : `note ${id}`);
  })();
  db.close();
}

/** Runs SQL in a database file, as the application that owns it would. */
export function change(path: string, sql: string): void {
  const db = new Database(path);
  db.exec(sql);
  db.close();
}

/** Everything in a shop, read without Belay. */
export function contentOf(path: string): unknown {
  const db = new Database(path, { readonly: true });
  const content = [
    db.prepare('select * from sqlite_schema order by name').all(),
    db.prepare('select * from customers').all(),
    db.prepare('select * from orders').all(),
  ];
  db.close();
  return content;
}

/** Hash of a folder: names, kinds, modes, links and every byte. */
export async function treeHash(folder: string, leftOut: (path: string) => boolean = () => false): Promise<string> {
  const hash = createHash('sha256');
  const names = (await readdir(folder, { recursive: true })).toSorted();
  for (const name of names) {
    const path = join(folder, name);
    if (leftOut(relative(folder, path))) continue;
    const facts = await lstat(path);
    hash.update(`${name}\u0000${facts.mode.toString(8)}\u0000`);
    if (facts.isSymbolicLink()) hash.update(await readlink(path));
    if (facts.isFile()) hash.update(`${facts.size}\u0000`).update(await readFile(path));
  }
  return hash.digest('hex');
}
