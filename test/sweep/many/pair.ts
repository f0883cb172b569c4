import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { asHost } from '../../helpers/faults/as-host.ts';
import { compileShim, runBelay } from '../../helpers/faults/preload.ts';
import type { Fault, FaultRun } from '../../helpers/faults/preload.ts';
import { Nonces } from '../../helpers/repository/nonces.ts';
import { contentOf, writeState } from '../content.ts';

/** Two data directories on one repository, a source and a snapshot of each, put back before each trial. */
export class PairWorld {
  readonly homes: readonly [string, string];
  readonly repository: string;
  /** Preloaded, it sets the wall clock wrong. */
  readonly clockShim: string;
  readonly #folder: string;
  readonly #kept: string;
  readonly #shim: string;
  /** Content of what must be there, by id; undefined: it must not. */
  readonly #kepts = new Map<string, string | undefined>();
  /** Every trial begins with the same keys, and so none may choose what another one chose. */
  readonly #nonces = new Nonces();
  #told = 0;
  #base: ReadonlyMap<string, string> = new Map();

  constructor(folder: string) {
    this.#folder = join(folder, 'world');
    this.#kept = join(folder, 'kept');
    mkdirSync(this.#folder);
    this.#shim = compileShim(folder);
    this.clockShim = compileShim(folder, 'clock');
    this.homes = [join(this.#folder, 'home-0'), join(this.#folder, 'home-1')];
    this.repository = join(this.#folder, 'store');
  }

  /** The id of the snapshot of the first data directory. */
  get first(): string {
    return [...this.#base.keys()][0] ?? '';
  }

  database(at: 0 | 1): string {
    return join(this.#folder, `${at === 0 ? 'zero' : 'one'}.db`);
  }

  async prepare(): Promise<void> {
    const base = new Map<string, string>();
    for (const [at, home] of this.homes.entries()) {
      const name = at === 0 ? 'zero' : 'one';
      const database = this.database(at === 0 ? 0 : 1);
      writeState(database, at + 1);
      await this.done(home, 'init', this.repository, ...(at === 0 ? ['--no-encryption'] : ['--attach']));
      await this.done(home, 'source', 'add', database, '--name', name);
      const data = await this.done(home, 'snap', name, '--level', 'captured');
      base.set((data['snapshot'] as { readonly id: string }).id, contentOf(database));
    }
    this.#base = base;
    cpSync(this.#folder, this.#kept, { recursive: true, preserveTimestamps: true });
    this.putBack();
  }

  putBack(): void {
    for (const name of readdirSync(this.#folder)) rmSync(join(this.#folder, name), { recursive: true, force: true });
    cpSync(this.#kept, this.#folder, { recursive: true, preserveTimestamps: true });
    this.#kepts.clear();
    for (const [id, content] of this.#base) this.#kepts.set(id, content);
  }

  expect(id: string, content: string | undefined): void {
    this.#kepts.set(id, content);
  }

  /** A fault of the shim at a call below the repository. */
  fault(mode: Fault['mode'], at: number): Fault & { readonly shim: string; readonly counter: string } {
    return { prefixes: [`${this.repository}/`], at, mode, shim: this.#shim, counter: `${this.#kept}-counter` };
  }

  async done(home: string, ...args: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
    const ran: FaultRun = await runBelay(args, home);
    if (ran.code !== 0) throw new Error(`belay ${args.join(' ')} exited with ${ran.code}: ${ran.stdout}${ran.stderr}`);
    return (JSON.parse(ran.stdout) as { readonly data: Readonly<Record<string, unknown>> }).data;
  }

  /** Names of everything that a reader of the repository would see. */
  published(): ReadonlySet<string> {
    const rooms = ['snapshots', 'snapshots.copy', 'index', 'packs', 'meta', 'meta.copy', 'journal'];
    return new Set(
      rooms.flatMap((room) =>
        (existsSync(join(this.repository, room)) ? readdirSync(join(this.repository, room), { recursive: true, withFileTypes: true }) : [])
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name).slice(this.repository.length + 1)),
      ),
    );
  }

  /** What lies beside the databases. */
  beside(): readonly string[] {
    return readdirSync(this.#folder).filter((name) => name.startsWith('.belay-'));
  }

  /** Takes in what is sealed now, and says what was sealed twice under one key and nonce since it was asked last. */
  twiceSealed(): string | undefined {
    const { twice } = this.#nonces.folder(this.repository, 'tmp');
    const since = twice.slice(this.#told);
    this.#told = twice.length;
    return since.length === 0 ? undefined : `two contents were sealed under one key and nonce: ${since.slice(0, 5).join('; ')}`;
  }

  /** What is wrong with the repository, seen from both data directories; `also` must be there too. */
  async judge(also: ReadonlyMap<string, string> = new Map()): Promise<string | undefined> {
    for (const [id, content] of also) this.#kepts.set(id, content);
    const before = this.twiceSealed();
    if (before !== undefined) return before;
    for (const [at, home] of this.homes.entries()) {
      const wrong = await this.#judgeHome(home, at === 0 ? 'zero' : 'one').catch((error: unknown) => String(error));
      if (wrong !== undefined) return wrong;
    }
    const left = readdirSync(join(this.repository, 'locks'));
    return left.length === 0 ? this.twiceSealed() : `locks are left: ${left.join(', ')}`;
  }

  #judgeHome(home: string, source: string): Promise<string | undefined> {
    return asHost(home, async (client) => {
      const check = await client.call('repository.check', { level: 'decoded' });
      if (!check.passed) return `the repository is damaged: ${JSON.stringify(check)}`;
      const { snapshots, problems } = await client.call('snapshot.list', {});
      if (problems.length > 0) return `the list has problems: ${JSON.stringify(problems)}`;
      const to = join(this.#folder, 'judged.sqlite');
      for (const [id, content] of this.#kepts) {
        if (content === undefined) continue;
        if (!snapshots.some((one) => one.id === id)) return `snapshot ${id} is lost`;
        await client.call('export', { snapshot: id, to });
        const equal = contentOf(to) === content;
        rmSync(to);
        if (!equal) return `snapshot ${id} is not what it was`;
      }
      const { snapshot } = await client.call('snapshot.create', { source, level: 'complete' });
      return snapshot?.proved === 'complete' ? undefined : 'the next snapshot did not work';
    });
  }
}
