import { isAppError } from '../../../electron/core/base/errors.ts';
import { quietTask } from '../../../electron/core/base/ports.ts';
import type { Repository, Unlock } from '../../../electron/core/repository/repository.ts';
import { contentOf, rowsOf, sameContent, take } from '../../helpers/repository/world.ts';
import { copyOf } from './damages.ts';
import type { Damage } from './damages.ts';
import { failingOf } from './judge.ts';
import type { Failing } from './judge.ts';
import { look, opened } from './look.ts';
import type { Look, Place } from './look.ts';
import { SeenMark } from './specimen.ts';
import type { Specimen, Tree } from './specimen.ts';

/**
 * Repairs a damaged place, goes on with a snapshot, a forget and two collects, and returns what was wrong: something deleted, a snapshot
 * worse than before, damage left that something here makes up for. Each step may be refused, never fail otherwise.
 */
export async function goOn(place: Place, damage: Damage, unlock: Unlock): Promise<readonly string[]> {
  const { specimen } = place;
  const seen = new SeenMark(specimen.mark);
  const open = <T>(work: (repository: Repository) => Promise<T>): Promise<T> => opened(place.folder, unlock, seen, work);
  const wrong: string[] = [];
  const hurt = await open((repository) => look(repository, specimen));
  wrong.push(...(await repairs(place, open)));
  const after = await open((repository) => look(repository, specimen));
  wrong.push(...worse(specimen, hurt, after, 'after a repair'));
  if (canBeMended(specimen, damage) && !after.check.passed)
    wrong.push(`a repair leaves ${after.check.problems.map((one) => `${one.file} (${one.kind})`).join(', ')}`);
  wrong.push(...(await open((repository) => acceptAndGoOn(repository))));
  const end = await open((repository) => look(repository, specimen));
  return [...wrong, ...worse(specimen, hurt, end, 'after a snapshot and two collects')];
}

type Open = <T>(work: (repository: Repository) => Promise<T>) => Promise<T>;

async function repairs(place: Place, open: Open): Promise<readonly string[]> {
  const wrong: string[] = [];
  const before = place.tree();
  await open((repository) => repository.repair({ dryRun: true }, quietTask()));
  if (!sameTree(before, place.tree())) wrong.push('a dry run of repair changes files');
  await open((repository) => repository.repair({ dryRun: false }, quietTask()));
  const after = place.tree();
  for (const [file, bytes] of before) {
    // Out of its place into quarantine, or back from there.
    const former = /^quarantine\/\d+\/(.*)$/.exec(file)?.[1];
    const kept = [...after].some(
      ([path, now]) => (path === file || path === former || (path.startsWith('quarantine/') && path.endsWith(`/${file}`))) && now.equals(bytes),
    );
    if (!kept) wrong.push(`repair deletes ${file}`);
  }
  return wrong;
}

function sameTree(a: Tree, b: Tree): boolean {
  return a.size === b.size && [...a].every(([file, bytes]) => b.get(file)?.equals(bytes) === true);
}

/** Whether what is left of the other copies, or of the packs themselves, makes up for all of the damage. */
function canBeMended({ tree }: Specimen, { files, rolledBack }: Damage): boolean {
  if (rolledBack !== undefined) return false;
  return [...files].every(([file, bytes]) => {
    if (!tree.has(file)) return false;
    if (file.startsWith('index/') || file.startsWith('quarantine/')) return true;
    const copy = copyOf(file);
    if (copy === undefined || files.has(copy) || !tree.has(copy)) return false;
    return !file.startsWith('keys') || bytes === undefined || !isSlot(bytes);
  });
}

/** A slot that still reads as one is told from the right one by its secret alone. */
function isSlot(bytes: Buffer): boolean {
  try {
    return typeof (JSON.parse(bytes.toString('utf8')) as { readonly wrapped?: unknown }).wrapped === 'string';
  } catch {
    return false;
  }
}

/** Each step is done, or refused with an error of the product's. */
async function acceptAndGoOn(repository: Repository): Promise<readonly string[]> {
  const task = quietTask();
  const wrong: string[] = [];
  const content = new Map([['fresh', rowsOf(30, 77)]]);
  await tolerant(async () => {
    const plan = await repository.planAcceptLoss(task);
    if (plan.losses.length > 0) await repository.acceptLoss(plan, task);
  });
  await tolerant(async () => {
    const { id } = await take(repository, content);
    if (!sameContent(await contentOf(repository, id), content)) wrong.push('a new snapshot does not give back what it took');
    await repository.forget(await repository.planForget([id], task), task);
  });
  await tolerant(async () => repository.collect(await repository.planCollect({ purgeNow: false }, task), task));
  await tolerant(async () => {
    await repository.check({ level: 'decoded' }, task);
    await repository.collect(await repository.planCollect({ purgeNow: true }, task), task);
  });
  return wrong;
}

async function tolerant(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isAppError(error)) throw error;
  }
}

/** Objects that could be read and cannot any more, and snapshots that were listed and are not. */
function worse(specimen: Specimen, before: Look, after: Look, when: string): readonly string[] {
  const failed: Failing = failingOf(before);
  const wrong = [...failingOf(after)].filter((one) => !failed.has(one)).map((one) => `${when}: ${one} cannot be read any more`);
  const listed = new Set(after.records.map((record) => record.id));
  for (const { id, seq } of before.records) {
    const own = specimen.snapshots.some(({ record }) => record.id === id);
    if (own && !listed.has(id)) wrong.push(`${when}: snapshot ${String(seq)} is not listed any more`);
  }
  return wrong;
}
