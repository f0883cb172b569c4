import type { CommandName, CommandOutput, CommandParsed } from '../../contract/commands.ts';
import { counted } from '../base/words.ts';
import type { Exclusive } from '../jobs/queue.ts';

/** How the host treats a command: as a job with a title and needs, or at once; and whether the journal tells of it. */
export interface Order<N extends CommandName> {
  /** Jobs only: the job in words. */
  readonly title?: (input: CommandParsed<N>) => string;
  /** Jobs only: what it must have for itself. */
  readonly exclusive?: (input: CommandParsed<N>) => readonly Exclusive[];
  /**
   * Jobs only: whether it goes on where the window that began it is gone. Only what is found again without its answer: a snapshot, an undo, a held copy, a
   * record. Never where the answer holds a secret that is shown once.
   */
  readonly lasts?: (input: CommandParsed<N>) => boolean;
  /** Whether the journal tells of it. Commands that answer at once: only where this is true. Jobs: unless it is false. */
  readonly journalled?: boolean;
  /** Facts for the journal; never a secret, never data of the user's. */
  readonly facts?: (input: CommandParsed<N>) => Readonly<Record<string, unknown>>;
  /** What is only known when it is done: the snapshot that a reference meant, the name that a file gave. The same is asked of it as of `facts`. */
  readonly outcome?: (output: CommandOutput<N>, input: CommandParsed<N>) => Readonly<Record<string, unknown>>;
}

const write: readonly Exclusive[] = ['repository-write'];
/**
 * Whatever swaps, overwrites or puts back: one at a time in a data directory. Commands name their target as a source, a path, an id or not
 * at all, and two names of one file must not pass each other.
 */
const swap: readonly Exclusive[] = ['target:any'];
/** Where a safety snapshot is taken on the way, or may be. */
const swapInPlace: readonly Exclusive[] = [...swap, ...write];
const always = (): boolean => true;

export const orders: { readonly [N in CommandName]: Order<N> } = {
  status: {},
  'repository.init': {
    title: () => 'create the repository',
    exclusive: () => write,
    facts: (input) => ({ location: input.location ?? null, attach: input.attach }),
  },
  'repository.unlock': { journalled: true, facts: (input) => ({ remember: input.remember, by: unlockedBy(input) }) },
  'repository.check': {
    lasts: always,
    title: (input) => `check (${input.level})`,
    exclusive: () => write,
    facts: (input) => ({ level: input.level, snapshots: input.snapshots ?? null }),
  },
  'repository.checks': {},
  'repository.collect': {
    lasts: (input) => input.confirm !== undefined,
    title: (input) => (input.confirm === undefined ? 'plan what collect would free' : 'collect'),
    exclusive: () => write,
    facts: (input) => ({ purgeNow: input.purgeNow, confirmed: input.confirm !== undefined }),
  },
  'repository.repair': {
    lasts: (input) => !input.dryRun,
    title: (input) => (input.dryRun ? 'look for what repair would mend' : 'repair'),
    exclusive: () => write,
    facts: (input) => ({ dryRun: input.dryRun }),
  },
  'repository.accept-loss': {
    lasts: (input) => input.confirm !== undefined,
    title: (input) => (input.confirm === undefined ? 'look for what is lost' : 'accept what is lost'),
    exclusive: () => write,
    facts: (input) => ({ confirmed: input.confirm !== undefined }),
  },
  'repository.usage': {},
  'repository.locks': {},
  'repository.break-lock': { journalled: true, facts: (input) => ({ instance: input.instance }) },
  'catalog.rebuild': { title: () => 'rebuild the catalog', exclusive: () => write, lasts: always },
  'keys.list': { journalled: true },
  'keys.add': { journalled: true, facts: (input) => ({ kind: input.kind }) },
  'keys.remove': { journalled: true, facts: (input) => ({ slot: input.slot }) },
  'keys.change-passphrase': { journalled: true, facts: (input) => ({ slot: input.slot ?? null }) },
  'sources.add': {
    journalled: true,
    facts: (input) => ({ name: input.name ?? null, engine: input.engine, dryRun: input.dryRun }),
    outcome: ({ source }) => ({ name: source.name }),
  },
  'sources.list': {},
  'sources.change': { journalled: true, facts: (input) => ({ name: input.name, environment: input.environment ?? null, targets: input.targets ?? null }) },
  'sources.overview': {},
  'sources.remove': { journalled: true, facts: (input) => ({ name: input.name }) },
  'sources.test': { title: (input) => `test of ${input.name}`, facts: (input) => ({ source: input.name }) },
  // It changes nothing and reads no data, and a window looks by itself: the journal would fill with it.
  discover: { title: () => 'look for databases', journalled: false },
  'demo.create': { title: () => 'make the demo', exclusive: () => swap, lasts: always },
  'demo.damage': { title: () => 'damage the demo', exclusive: () => swap, lasts: always },
  'snapshot.create': {
    lasts: (input) => !input.dryRun,
    title: (input) => (input.dryRun ? `dry run for ${input.source}` : `snapshot of ${input.source}`),
    exclusive: (input) => (input.dryRun ? [] : write),
    facts: (input) => ({ source: input.source, name: input.name ?? null, tags: input.tags, dryRun: input.dryRun, level: input.level }),
    outcome: ({ snapshot }) => (snapshot === undefined ? {} : { snapshot: snapshot.id }),
  },
  'snapshot.lineage': {},
  'snapshot.list': {},
  'snapshot.show': {},
  'snapshot.tag': { journalled: true, facts: (input) => ({ snapshot: input.snapshot, add: input.add, remove: input.remove }) },
  'snapshot.pin': { journalled: true, facts: (input) => ({ snapshot: input.snapshot, reason: input.reason }) },
  'snapshot.forget': {
    lasts: (input) => input.confirm !== undefined,
    title: (input) => (input.confirm === undefined ? 'plan what forget would free' : `forget ${counted(input.snapshots.length, 'snapshot')}`),
    exclusive: () => write,
    facts: (input) => ({ snapshots: input.snapshots, confirmed: input.confirm !== undefined }),
  },
  'snapshot.rows': {
    title: (input) => `look into ${shown(input.snapshot)}`,
    facts: (input) => ({ snapshot: input.snapshot, object: input.object ?? null, query: input.query ?? null, offset: input.offset, limit: input.limit }),
  },
  'snapshot.verify': {
    lasts: always,
    title: (input) => `prove ${shown(input.snapshot)}`,
    facts: (input) => ({ snapshot: input.snapshot, level: input.level, checks: input.checks.length }),
  },
  'file.recognise': {},
  'file.verify': { title: (input) => `verify ${input.path}`, facts: (input) => ({ path: input.path, against: input.against ?? null }) },
  'drill.run': {
    title: (input) => `drill of ${input.source}`,
    facts: (input) => ({ source: input.source, snapshot: input.snapshot ?? null, by: input.by }),
    lasts: always,
  },
  'drill.list': {},
  'drill.log': {},
  'drill.report': { journalled: true, facts: (input) => ({ drill: input.drill ?? null, to: input.to, replace: input.replace }) },
  'drill.show': {},
  'drill.remark': { journalled: true, facts: (input) => ({ drill: input.drill, by: input.by, notes: input.notes, blockers: input.blockers }) },
  'diff.run': {
    title: (input) => `compare ${shown(input.before)} with ${input.after === undefined ? 'its source' : shown(input.after)}`,
    facts: (input) => ({ before: input.before, after: input.after ?? null }),
  },
  'diff.rows': {
    title: (input) => `compare rows of ${input.table}`,
    facts: (input) => ({ before: input.before, after: input.after ?? null, table: input.table, offset: input.offset, limit: input.limit }),
  },
  'source.compare': { title: (input) => `compare ${input.source}`, facts: (input) => ({ source: input.source, snapshot: input.snapshot }) },
  'restore.run': {
    lasts: (input) => !input.dryRun && input.mode !== 'throw-away',
    title: (input) => `${input.dryRun ? 'preflight of ' : ''}restore ${shown(input.snapshot ?? input.file ?? '')}`,
    exclusive: (input) => {
      if (input.dryRun || input.mode === 'throw-away') return [];
      if (input.mode === 'new') return [`target:new ${input.to ?? ''}`];
      return input.mode === 'in-place' ? swapInPlace : swap;
    },
    facts: (input) => ({
      snapshot: input.snapshot ?? null,
      file: input.file ?? null,
      mode: input.mode,
      to: input.to ?? null,
      choices: input.choices ?? null,
      dryRun: input.dryRun,
    }),
    outcome: ({ target, held, ...put }, input) =>
      input.dryRun || input.mode === 'throw-away' ? {} : { target, mode: input.mode, ...putFacts(put), ...(held === undefined ? {} : { held }) },
  },
  'restore.merge': {
    lasts: (input) => !input.dryRun,
    title: (input) => `merge rows of ${shown(input.snapshot)}`,
    exclusive: (input) => (input.dryRun ? [] : swapInPlace),
    facts: (input) => ({ snapshot: input.snapshot, source: input.source ?? null, tables: input.tables, differing: input.differing, dryRun: input.dryRun }),
    outcome: ({ target, ...put }, input) => (input.dryRun ? {} : { target, ...putFacts(put) }),
  },
  'restore.promote': {
    lasts: always,
    title: (input) => `promote ${input.held}`,
    exclusive: () => swapInPlace,
    facts: (input) => ({ held: input.held }),
    outcome: ({ target, ...put }, input) => ({ target, held: input.held, ...putFacts(put) }),
  },
  'restore.discard': { journalled: true, facts: (input) => ({ held: input.held }), outcome: ({ target }) => ({ target }) },
  'restore.held': {},
  rewind: {
    lasts: (input) => !input.dryRun,
    title: (input) => `${input.dryRun ? 'preflight of ' : ''}rewind ${input.source}`,
    exclusive: (input) => (input.dryRun ? [] : input.inPlace ? swapInPlace : swap),
    facts: (input) => ({
      source: input.source,
      to: input.to ?? null,
      checkpoint: input.checkpoint ?? null,
      inPlace: input.inPlace,
      choices: input.choices ?? null,
      dryRun: input.dryRun,
    }),
    outcome: ({ target, ...put }, input) => (input.dryRun ? {} : { target, source: input.source, ...putFacts(put) }),
  },
  'undo.list': {},
  'undo.run': {
    lasts: always,
    title: () => 'undo',
    exclusive: (input) => (input.force ? swapInPlace : swap),
    facts: (input) => ({ id: input.id ?? null, force: input.force }),
    outcome: ({ undone, ...put }) => ({ undone: undone.id, target: undone.target, ...putFacts({ ...put, snapshot: undone.snapshot }) }),
  },
  'undo.keep': { journalled: true, facts: (input) => ({ id: input.id }) },
  'undo.discard': { journalled: true, facts: (input) => ({ id: input.id }) },
  'checkpoint.create': {
    lasts: always,
    title: (input) => `checkpoint of ${input.source}`,
    exclusive: () => swap,
    facts: (input) => ({ source: input.source }),
  },
  'checkpoint.list': {},
  'checkpoint.drop': { journalled: true, facts: (input) => ({ source: input.source, id: input.id }) },
  export: {
    lasts: always,
    title: (input) => `export ${shown(input.snapshot)}`,
    facts: (input) => ({ snapshot: input.snapshot, to: input.to, format: input.format ?? null, object: input.object ?? null, replace: input.replace }),
  },
  import: {
    lasts: (input) => !input.dryRun,
    title: (input) => `import ${input.path}`,
    exclusive: (input) => (input.dryRun ? [] : write),
    facts: (input) => ({ path: input.path, source: input.source ?? null, dryRun: input.dryRun }),
  },
  'jobs.list': {},
  'jobs.cancel': { journalled: true, facts: (input) => ({ id: input.id }) },
  'journal.list': {},
  'journal.verify': {},
  'machine.power': { journalled: true, facts: (input) => ({ event: input.event }) },
  doctor: {},
};

/** Commands whose jobs write to the repository. */
export const repositoryWriters: ReadonlySet<string> = new Set([
  'repository.init',
  'repository.collect',
  'repository.repair',
  'repository.accept-loss',
  'snapshot.create',
  'snapshot.forget',
  'import',
  // By the safety snapshots that they take on the way.
  'restore.run',
  'restore.merge',
  'restore.promote',
  'rewind',
  'undo.run',
]);

/** Which snapshot was put somewhere, which one was taken before it, and how it is taken back. */
function putFacts({ snapshot, safety, undo }: Put): Readonly<Record<string, unknown>> {
  const of = typeof snapshot === 'object' ? snapshot.id : (snapshot ?? undo?.snapshot);
  return {
    ...(of === undefined ? {} : { snapshot: of }),
    ...(safety === undefined ? {} : { safety: safety.id }),
    ...(undo === undefined ? {} : { undo: undo.id }),
  };
}

interface Put {
  readonly snapshot?: string | { readonly id: string } | undefined;
  readonly safety?: { readonly id: string } | undefined;
  readonly undo?: { readonly id: string; readonly snapshot?: string | undefined } | undefined;
}

/** A snapshot as it was pointed at; of a whole id its beginning, as everywhere. */
function shown(ref: string): string {
  return /^[0-9a-f]{32}$/.test(ref) ? ref.slice(0, 8) : ref;
}

function unlockedBy(input: CommandParsed<'repository.unlock'>): string {
  if (input.passphrase !== undefined) return 'passphrase';
  return input.recoveryKey === undefined ? 'key file' : 'recovery key';
}
