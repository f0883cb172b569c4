import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asHost } from '../../helpers/faults/as-host.ts';
import { runBelay } from '../../helpers/faults/preload.ts';
import type { FaultRun } from '../../helpers/faults/preload.ts';
import { serve } from '../serve.ts';
import type { Served } from '../serve.ts';
import { contentOf, writeState } from '../content.ts';
import { factsOf } from './facts.ts';
import type { SmallDisk } from './small-disk.ts';

/** What lies on the disk that is full; everything else has all the room in the world. */
export const layouts = ['everything', 'data and repository', 'repository', 'data', 'target'] as const;
export type Layout = (typeof layouts)[number];

/** What the template was made to hold, by which commands name it. */
export interface Known {
  readonly undo: string;
  readonly held: string;
  readonly checkpoint: string;
  readonly slot: string;
  /** Content of each snapshot by its id, oldest first. */
  readonly contents: ReadonlyMap<string, string>;
  /** All else, as `factsOf` tells it. */
  readonly facts: ReadonlySet<string>;
}

/**
 * An encrypted installation that has everything once: three snapshots, one pinned and one proved, a rewind that can be undone, a held copy,
 * a checkpoint, a drill, a whole check. It is put back before each command, always at the same paths, since the data directory names them.
 */
export class DiskWorld {
  readonly layout: Layout;
  readonly home: string;
  readonly repository: string;
  readonly app: string;
  readonly roomy: string;
  readonly keyFile: string;
  readonly #kept: string;
  readonly #disk: SmallDisk;
  #known: Known | undefined;

  constructor(folder: string, disk: SmallDisk, layout: Layout) {
    this.layout = layout;
    this.#disk = disk;
    this.roomy = join(folder, 'roomy');
    this.#kept = join(folder, 'kept');
    const onDisk = (...parts: readonly Layout[]): string => (layout === 'everything' || parts.includes(layout) ? disk.at : this.roomy);
    this.home = join(onDisk('data', 'data and repository'), 'home');
    this.repository = join(onDisk('repository', 'data and repository'), 'store');
    this.app = join(onDisk('target'), 'app');
    this.keyFile = join(this.roomy, 'key');
  }

  get database(): string {
    return join(this.app, 'shop.db');
  }

  get known(): Known {
    if (this.#known === undefined) throw new Error('prepare comes first');
    return this.#known;
  }

  belay(...args: readonly string[]): Promise<FaultRun> {
    return runBelay(args, this.home);
  }

  /** What `belay` said on standard output; throws unless it exited with 0. */
  async done<T = Readonly<Record<string, unknown>>>(...args: readonly string[]): Promise<T> {
    const ran = await this.belay(...args);
    if (ran.code !== 0) throw new Error(`belay ${args.join(' ')} exited with ${ran.code}: ${ran.stdout}${ran.stderr}`);
    return (JSON.parse(ran.stdout) as { readonly data: T }).data;
  }

  /** `belay serve`, open. */
  serve(): Promise<Served> {
    return serve(this.home);
  }

  async prepare(): Promise<void> {
    for (const folder of [this.roomy, this.app]) mkdirSync(folder, { recursive: true });
    writeState(this.database, 1);
    writeFileSync(join(this.roomy, 'phrase'), 'a phrase of some words\n', { mode: 0o600 });
    await this.done('init', this.repository, '--new-key-file', this.keyFile);
    await this.done('source', 'add', this.database, '--name', 'shop');
    const contents = new Map<string, string>();
    for (const state of [1, 2, 3]) {
      if (state > 1) writeState(this.database, state);
      const { snapshot } = await this.done<{ readonly snapshot: { readonly id: string } }>('snap', 'shop');
      contents.set(snapshot.id, contentOf(this.database));
    }
    await this.done('pin', '2', 'held for ever');
    await this.done('tag', '2', 'kept-tag');
    await this.done('verify', '2');
    await this.done('drill', 'shop');
    const { checkpoint } = await this.done<{ readonly checkpoint: { readonly id: string } }>('checkpoint', 'create', 'shop');
    await this.done('rewind', 'shop', '--to', '2');
    await this.done('restore', '1', '--to', 'shop', '--hold');
    await this.done('key', 'add', 'recovery');
    await this.done('check');
    await this.done('export', '3', '--to', join(this.roomy, 'native.sqlite'));
    const { undo } = await this.done<{ readonly undo: readonly { readonly id: string }[] }>('undo', '--list');
    const { held } = await this.done<{ readonly held: readonly { readonly id: string }[] }>('restore', '--held');
    const { slots } = await this.done<{ readonly slots: readonly { readonly slot: string; readonly kind: string }[] }>('key', 'list');
    this.#known = {
      undo: undo[0]?.id ?? '',
      held: held[0]?.id ?? '',
      checkpoint: checkpoint.id,
      slot: slots.find((slot) => slot.kind === 'recovery')?.slot ?? '',
      contents,
      facts: await asHost(this.home, factsOf),
    };
    for (const [name, from] of this.#places()) cpSync(from, join(this.#kept, name), { recursive: true, preserveTimestamps: true, filter: noLost });
  }

  /** Everything as `prepare` left it, and room on the disk. */
  putBack(): void {
    this.#disk.makeRoom();
    for (const [name, to] of this.#places()) {
      for (const entry of readdirSync(to)) if (entry !== 'lost+found') rmSync(join(to, entry), { recursive: true, force: true });
      cpSync(join(this.#kept, name), to, { recursive: true, preserveTimestamps: true });
    }
  }

  /** Files that nobody should find after any command. */
  temporary(): readonly string[] {
    const below = (folder: string): string[] => readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name)));
    return [...below(join(this.home, 'tmp')), ...below(join(this.repository, 'tmp')), ...below(join(this.repository, 'locks'))];
  }

  beside(): readonly string[] {
    return readdirSync(this.app).filter((name) => !/-(wal|shm|journal)$/.test(name));
  }

  #places(): readonly (readonly [string, string])[] {
    return [
      ['disk', this.#disk.at],
      ['roomy', this.roomy],
    ];
  }
}

const noLost = (source: string): boolean => !source.endsWith('lost+found');
