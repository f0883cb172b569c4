import { AppError, isAppError } from '../../base/errors.ts';
import { counted } from '../../base/words.ts';
import { sha256Hex } from '../format/crypto.ts';
import { canonicalJson } from '../format/json.ts';
import { PACK_BYTES } from '../format/limits.ts';
import { TYPE_METADATA } from '../format/sealed.ts';
import type { BlobEntry } from '../blob-store.ts';
import type { Ground } from '../journal/ground.ts';
import { NONE, packCopyPath, packPath } from '../index-table.ts';
import type { IndexTable } from '../index-table.ts';
import type { Task } from '../../base/ports.ts';
import type { CollectOptions, CollectPlan } from '../repository.ts';
import { Census } from './census.ts';
import { currentEpoch, purgeable } from './epochs.ts';
import { keptOf, refuseDamage, standingPaths, takeInventory } from './inventory.ts';
import type { Inventory } from './inventory.ts';
import { paceOf } from './pace.ts';
import { Reach } from './reach.ts';
import { Rebase } from './rebase.ts';
import type { RepackWork } from './repack.ts';

/** A pack below this is copied together with others. */
const SMALL_BYTES = PACK_BYTES / 4;
/** A pack of which less than this is needed is copied. */
const LEAST_USED = 0.6;
/** A segment of which less than this is needed is coded anew. */
export const LEAST_SEGMENT = 0.5;
/** Small packs are copied together when there are this many, or when they fill a pack that is no longer small. */
const SMALL_PACKS = 8;
const INDEX_FILES = 64;
const SPARE = 1.1;
/** Temporary files of a writer that died; a younger one may be somebody's who needs no lock. */
const TEMPORARY_MS = 3_600_000;

/** Everything that a plan stands for, ready to be carried out. */
export interface CollectWork {
  readonly plan: CollectPlan;
  readonly inventory: Inventory;
  readonly census: Census;
  /** Bases that give way in this run. */
  readonly rebase: Rebase | undefined;
  /** Epoch of what this run takes out. */
  readonly epoch: number;
  /** Files that are unlinked. */
  readonly purge: readonly BlobEntry[];
  /** Packs that nothing needs, by number in the index. */
  readonly drop: readonly number[];
  /** Packs whose needed segments are copied into new ones. */
  readonly rewrite: readonly number[];
  /** Whether a new index file takes the place of all others. */
  readonly reindex: boolean;
}

interface PackUse {
  readonly pack: number;
  /** Stored bytes of its frames, padding apart. */
  readonly stored: number;
  /** Those that are needed, partly needed segments by their share. */
  readonly live: number;
}

/**
 * Finds out what a collect would do now. Changes nothing. `forced`: names of packs that are copied whatever their use. Throws as
 * `takeInventory`, and what following lists and counting throws.
 */
export async function planCollect(ground: Ground, options: CollectOptions, task: Task, forced: ReadonlySet<string> = new Set()): Promise<CollectWork> {
  task.progress({ stage: 'listing the repository' });
  const inventory = await takeInventory(ground, task.signal);
  const { census, reach } = await takeCensus(inventory, task);
  const without = await settle(ground, { inventory, census, rebase: undefined }, options, forced);
  const rebase = forced.size === 0 ? await planRebase(ground, { inventory, census, reach }, options, without.skipped, task.signal) : undefined;
  const { uses, drop, rewrite, skipped } = rebase === undefined ? without : await settle(ground, { inventory, census, rebase }, options, forced);
  for (const use of uses) if (use.live > 0) standingPaths(inventory, use.pack, forced.has(inventory.table.pack(use.pack).name) ? 'any' : 'told');
  const facts = inventory.standing.journal.facts;
  const { ripe, waiting } = purgeable(inventory.quarantine, facts, options.purgeNow);
  if (options.purgeNow && ripe.length === 0 && waiting.length > 0) throw checkNeeded();
  if (waiting.length > 0) skipped.push(`${sum(waiting)} bytes in quarantine wait for ${options.purgeNow ? 'a whole check' : 'two whole checks'} to pass.`);
  if (census.heldOnly > 0) skipped.push(`${census.heldOnly} bytes of content stay only because changes of kept snapshots are stored against them.`);
  const now = ground.ports.clock.now();
  const purge = [...ripe, ...inventory.temporary.filter((entry) => entry.modifiedAt < now - TEMPORARY_MS)];
  const named = new Set(inventory.index.unindexed.map((entry) => entry.name));
  const gone = [...drop, ...rewrite].some((pack) => !named.has(inventory.table.pack(pack).name));
  const indexKept = inventory.index.unindexed.some((entry) => !drop.includes(inventory.table.packNumber(entry.name)));
  const reindex = gone || rewrite.length > 0 || indexKept || inventory.indexFiles.length > INDEX_FILES || inventory.index.superseded.length > 0;
  const work = { inventory, census, rebase, epoch: currentEpoch(inventory.quarantine, facts) + 1, purge, drop, rewrite, reindex };
  return { ...work, plan: describe(work, uses, skipped, options) };
}

interface Counted {
  readonly census: Census;
  readonly reach: Reach;
}

async function takeCensus(inventory: Inventory, task: Task): Promise<Counted> {
  const reach = new Reach(inventory.reader, task.signal);
  // The newest first: then the first walk that reaches a chunk tells how new it is.
  const kept = keptOf(inventory).toReversed();
  try {
    for (const [i, snapshot] of kept.entries()) {
      task.progress({ stage: `following snapshot ${i + 1} of ${kept.length}` });
      await reach.walk(snapshot);
    }
    task.progress({ stage: 'counting what is needed' });
    return { census: await Census.take(inventory.reader.source, reach.reached, task.signal), reach };
  } catch (error) {
    if (isAppError(error, 'repository.chunk-missing')) refuseDamage(inventory);
    throw error;
  }
}

interface Settled {
  readonly uses: readonly PackUse[];
  readonly drop: readonly number[];
  readonly rewrite: readonly number[];
  readonly skipped: string[];
}

/**
 * Which packs go, which are copied, which stay. In a pack that stays, dead deltas stay in the index too, and a writer may use their
 * chunks again: so their bases stay with them, which may make more packs needed, until nothing changes.
 */
async function settle(ground: Ground, work: RepackWork, options: CollectOptions, forced: ReadonlySet<string>): Promise<Settled> {
  const { inventory, census } = work;
  const named = [...forced].map((name) => inventory.table.packNumber(name));
  const leave = new Set([...orphanedDeltas(inventory, census), ...damagedPacks(inventory), ...halfPacks(inventory), ...named]);
  for (;;) {
    const skipped: string[] = [];
    const uses = packUses(inventory, census);
    const drop = uses.filter((use) => use.live === 0).map((use) => use.pack);
    const rewrite = await chooseRewrites(ground, work, uses, leave, options, skipped);
    if (!(await holdForStaying(inventory, census, new Set([...drop, ...rewrite])))) return { uses, drop, rewrite, skipped };
  }
}

/** Packs with a dead delta of which a base is nowhere: nothing is lost with it, and copying the pack leaves it behind. */
function orphanedDeltas({ table }: Inventory, census: Census): ReadonlySet<number> {
  const packs = new Set<number>();
  for (let segment = 0; segment < table.segments; segment += 1) {
    if (census.isDead(segment) && hasLostBase(table, segment)) packs.add(table.segmentPlace(segment).pack);
  }
  return packs;
}

/** A pack of which a part is damaged fails every check until what is sound of it lies elsewhere. */
function damagedPacks({ table, damage }: Inventory): readonly number[] {
  return damage.packs.map(({ pack }) => table.packNumber(pack)).filter((pack) => pack !== NONE);
}

/** Metadata packs of which a run that died published or left one copy only: an index that named them would rest on that one. */
function halfPacks(inventory: Inventory): readonly number[] {
  const { index, table } = inventory;
  return index.unindexed.map(({ name }) => table.packNumber(name)).filter((pack) => pathsOf(inventory, pack).length < copiesOf(inventory, pack));
}

function hasLostBase(table: IndexTable, segment: number): boolean {
  return !table.basesOf(segment).every((base) => table.hasPlain(base));
}

async function holdForStaying({ table }: Inventory, census: Census, going: ReadonlySet<number>): Promise<boolean> {
  const pace = paceOf(undefined);
  let more = false;
  for (let segment = 0; segment < table.segments; segment += 1) {
    if (pace.due()) await pace.rest();
    const { pack } = table.segmentPlace(segment);
    if (!table.isDelta(segment) || going.has(pack) || hasLostBase(table, segment)) continue;
    if (await census.hold(segment)) more = true;
  }
  return more;
}

function packUses(inventory: Inventory, census: Census): readonly PackUse[] {
  const { table } = inventory;
  const stored = new Float64Array(table.packCount);
  const live = new Float64Array(table.packCount);
  for (let segment = 0; segment < table.segments; segment += 1) {
    const place = table.segmentPlace(segment);
    stored[place.pack] = (stored[place.pack] ?? 0) + place.stored;
    live[place.pack] = (live[place.pack] ?? 0) + liveBytes(census.used[segment] ?? 0, place);
  }
  return Array.from({ length: table.packCount }, (_none, pack) => ({ pack, stored: stored[pack] ?? 0, live: live[pack] ?? 0 }));
}

/** Stored bytes of a segment after collecting: all of it, or the needed share where it is coded anew. */
function liveBytes(used: number, place: { readonly stored: number; readonly raw: number }): number {
  if (used === 0) return 0;
  return used < LEAST_SEGMENT * place.raw ? Math.ceil((place.stored * used) / place.raw) : place.stored;
}

async function chooseRewrites(
  ground: Ground,
  { inventory, rebase }: RepackWork,
  uses: readonly PackUse[],
  leave: ReadonlySet<number>,
  options: CollectOptions,
  skipped: string[],
): Promise<readonly number[]> {
  const living = uses.filter((use) => use.live > 0);
  const isAffected = (use: PackUse): boolean => rebase?.packs.has(use.pack) === true;
  const affected = living.filter(isAffected);
  const sparse = living.filter((use) => !isAffected(use) && (use.live < LEAST_USED * use.stored || leave.has(use.pack)));
  const isSparse = new Set(sparse);
  const small = [1, TYPE_METADATA].flatMap((type) => {
    const ofType = living.filter(
      (use) => !isSparse.has(use) && !isAffected(use) && inventory.table.pack(use.pack).type === type && inventory.table.pack(use.pack).bytes < SMALL_BYTES,
    );
    const worth = ofType.length >= SMALL_PACKS || (ofType.length > 1 && ofType.reduce((bytes, use) => bytes + use.live, 0) >= SMALL_BYTES);
    return worth ? ofType : [];
  });
  const wanted = [...sparse.toSorted((a, b) => a.live / a.stored - b.live / b.stored), ...small];
  const chosen: PackUse[] = [];
  let bytes = rebase === undefined ? 0 : rebase.bytes;
  for (const use of wanted) {
    if (bytes + use.live > (options.budget ?? Infinity)) continue;
    chosen.push(use);
    bytes += use.live;
  }
  if (chosen.length < wanted.length)
    skipped.push(`Waiting, mostly dead or small: ${counted(wanted.length - chosen.length, 'pack')}; the budget of this run is ${options.budget} bytes.`);
  const copied = chosen.reduce((all, use) => all + use.live * copiesOf(inventory, use.pack), rebase?.bytesWritten ?? 0);
  const needed = Math.ceil((copied + sum(inventory.indexFiles)) * SPARE);
  const free = await ground.store.free();
  if (chosen.length > 0 && free !== undefined && free < needed) {
    skipped.push(`Not copied, mostly dead or small: ${counted(chosen.length, 'pack')}; that needs ${needed} bytes of free space, and there are ${free}.`);
    chosen.length = 0;
  }
  return [...affected, ...chosen].map((use) => use.pack).toSorted((a, b) => a - b);
}

/** What gives way in this run, counted as needed no more from now on. Undefined where nothing is due, or there is no room for it. */
async function planRebase(
  ground: Ground,
  { inventory, census, reach }: Counted & { readonly inventory: Inventory },
  options: CollectOptions,
  skipped: string[],
  signal: AbortSignal,
): Promise<Rebase | undefined> {
  const rebase = await Rebase.plan(inventory.table, census, reach, signal);
  if (rebase === undefined) return undefined;
  const needed = Math.ceil((rebase.bytesWritten + sum(inventory.indexFiles)) * SPARE);
  const free = await ground.store.free();
  const statement = `${counted(rebase.roots.length, 'piece')} that only changes of kept snapshots are stored against could give way`;
  if (rebase.bytes > (options.budget ?? Infinity)) {
    skipped.push(`${statement}: that writes ${rebase.bytes} bytes, and the budget of this run is ${options.budget}.`);
    return undefined;
  }
  if (free !== undefined && free < needed) {
    skipped.push(`${statement}: that needs ${needed} bytes of free space, and there are ${free}.`);
    return undefined;
  }
  const pace = paceOf(signal);
  for (const root of rebase.roots) {
    if (pace.due()) await pace.rest();
    census.giveUp(root);
  }
  return rebase;
}

function copiesOf(inventory: Inventory, pack: number): number {
  return inventory.table.pack(pack).type === TYPE_METADATA ? 2 : 1;
}

/** Paths of a pack that lie there, whatever their size. */
export function pathsOf(inventory: Inventory, pack: number): readonly string[] {
  const place = inventory.table.pack(pack);
  return [packPath(place), packCopyPath(place)].filter((path) => path !== undefined && inventory.packs.has(path)).filter((path) => path !== undefined);
}

function describe(work: Omit<CollectWork, 'plan'>, uses: readonly PackUse[], skipped: readonly string[], options: CollectOptions): CollectPlan {
  const { inventory, drop, rewrite, purge, reindex } = work;
  const taken = [...drop, ...rewrite].flatMap((pack) => pathsOf(inventory, pack)).reduce((bytes, path) => bytes + (inventory.packs.get(path) ?? 0), 0);
  const useOf = new Map(uses.map((use) => [use.pack, use.live]));
  const heirs = work.rebase?.heirs ?? { bytes: 0, bytesWritten: 0 };
  const rewritten = rewrite.reduce((bytes, pack) => bytes + (useOf.get(pack) ?? 0), heirs.bytes);
  const copied = rewrite.reduce((bytes, pack) => bytes + (useOf.get(pack) ?? 0) * copiesOf(inventory, pack), heirs.bytesWritten);
  const figures = {
    freesNow: sum(purge),
    freesAfter: Math.max(0, taken - copied),
    packsDropped: drop.filter((pack) => pathsOf(inventory, pack).length > 0).length,
    packsRewritten: rewrite.length,
    bytesRewritten: rewritten,
    rebased: work.rebase?.roots.length ?? 0,
    skipped,
    purgeNow: options.purgeNow,
  };
  const name = (pack: number): string => (pack === NONE ? '' : inventory.table.pack(pack).name);
  const decided = {
    ...figures,
    skipped: null,
    budget: options.budget ?? null,
    epoch: work.epoch,
    reindex,
    drop: drop.map(name),
    rewrite: rewrite.map(name),
    purge: purge.map((entry) => entry.path),
    index: inventory.indexFiles.map((entry) => entry.path),
    packs: [...inventory.packs],
    leftovers: inventory.standing.history.leftovers,
    kept: keptOf(inventory).map((entry) => entry.hash),
  };
  return { ...figures, ...(options.budget === undefined ? {} : { budget: options.budget }), hash: sha256Hex(Buffer.from(canonicalJson(decided), 'utf8')) };
}

function sum(entries: readonly BlobEntry[]): number {
  return entries.reduce((bytes, entry) => bytes + entry.bytes, 0);
}

function checkNeeded(): AppError {
  return new AppError('repository.check-needed', 'What is in quarantine is deleted only after a whole check has passed since it was taken out.', {
    hint: 'Run "belay check", then "belay collect --purge-now" again.',
  });
}
