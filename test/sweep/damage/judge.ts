import type { Problem } from '../../../electron/core/repository/repository.ts';
import { copyOf, kindOfFile } from './damages.ts';
import type { Damage } from './damages.ts';
import type { Look } from './look.ts';
import type { Specimen, Tree } from './specimen.ts';

/** Objects that cannot be had, as `<snapshot> <object>`. */
export type Failing = ReadonlySet<string>;

/** How a check names a table of which a part is lost. */
const TABLE = '(object table)';

/**
 * What is wrong with what the product said of a damage; nothing where all is as it must be. `may`: what another reader, which shares no code with
 * the product, cannot read where the damaged files are missing altogether.
 */
export function complaints(specimen: Specimen, damage: Damage, seen: Look, may: Failing): readonly string[] {
  const wrong: string[] = [];
  const lost = lostSnapshots(specimen, damage);
  const failing = failingOf(seen);
  if (damage.rolledBack !== 'all') wrong.push(...listing(specimen, damage, seen, lost), ...facts(damage, seen));
  for (const one of failing) if (!may.has(one)) wrong.push(`${one} cannot be read, and need not be lost: ${reason(seen, one)}`);
  if (isGone(damage)) for (const one of may) if (!failing.has(one)) wrong.push(`${one} was read, although another reader cannot`);
  wrong.push(...found(specimen, damage, seen), ...soundness(specimen, seen, failing, lost));
  if (damage.rolledBack === undefined) wrong.push(...named(specimen, seen, failing, lost));
  return wrong;
}

function isGone(damage: Damage): boolean {
  return damage.rolledBack === undefined && [...damage.files.values()].every((bytes) => bytes === undefined);
}

/** Snapshots both of whose manifests were hurt: of the others a copy is left. */
function lostSnapshots(specimen: Specimen, { files }: Damage): ReadonlySet<string> {
  const hurt = (folder: string, name: string): boolean => {
    const path = `${folder}/${name}`;
    return files.has(path) && files.get(path)?.equals(specimen.tree.get(path) ?? Buffer.alloc(0)) !== true;
  };
  const ids = specimen.snapshots.map(({ record }) => ({ id: record.id, name: `${String(record.seq).padStart(10, '0')}-${record.id}` }));
  return new Set(ids.filter(({ name }) => hurt('snapshots', name) && hurt('snapshots.copy', name)).map(({ id }) => id));
}

export function failingOf(seen: Look): Failing {
  const failing = new Set<string>();
  for (const [id, objects] of seen.objects) for (const [name, outcome] of objects) if ('error' in outcome) failing.add(`${id} ${name}`);
  for (const [id, outcome] of seen.tables) if ('error' in outcome) failing.add(`${id} ${TABLE}`);
  return failing;
}

function reason(seen: Look, one: string): string {
  const [id = '', name = ''] = [one.slice(0, 32), one.slice(33)];
  const outcome = name === TABLE ? seen.tables.get(id) : seen.objects.get(id)?.get(name);
  return outcome !== undefined && 'error' in outcome ? `${outcome.error.code}: ${outcome.error.message}` : '';
}

/** Every snapshot that is not lost is listed; with all its facts where the journal is whole; and nothing else is. */
function listing(specimen: Specimen, damage: Damage, seen: Look, lost: ReadonlySet<string>): readonly string[] {
  const expected = specimen.snapshots.filter(({ record }) => !lost.has(record.id)).map(({ record }) => record);
  const ids = (records: readonly { readonly id: string }[]): string => records.map((one) => one.id).join(' ');
  if (ids(expected) !== ids(seen.records)) return [`listed are ${ids(seen.records)} instead of ${ids(expected)}`];
  const wholeJournal = ![...damage.files.keys()].some((file) => file.startsWith('journal/'));
  const same = JSON.stringify(expected) === JSON.stringify(seen.records);
  return same || !wholeJournal ? [] : ['a snapshot is listed with other facts than it has'];
}

/** Facts of a journal that is hurt are refused, and the file is named. */
function facts(damage: Damage, seen: Look): readonly string[] {
  const files = [...damage.files.keys()].filter((file) => file.startsWith('journal/'));
  if ('value' in seen.facts) return files.length === 0 ? [] : ['the facts of a damaged journal were given out as whole'];
  if (files.length === 0) return [`the journal is refused: ${seen.facts.error.message}`];
  const told = seen.facts.error.details?.['files'];
  return Array.isArray(told) && files.some((file) => told.includes(file)) ? [] : [`the journal's error names ${JSON.stringify(told)}`];
}

/** The check says no, and names the file, or what stands for it. */
function found(specimen: Specimen, damage: Damage, { check }: Look): readonly string[] {
  const needed = [...damage.files].filter(([file, bytes]) => !isHarmless(specimen.tree, file, bytes));
  if (needed.length === 0) return [];
  if (check.passed) return ['the check passed'];
  if (damage.rolledBack !== undefined) {
    const told = needed.some(([file]) => isNamed(specimen.tree, file, check.problems));
    return told ? [] : [`an older state was put in place, and the check says only ${summary(check.problems)}`];
  }
  const unnamed = needed.filter(([file]) => !isNamed(specimen.tree, file, check.problems)).map(([file]) => file);
  return unnamed.length === 0 ? [] : [`the check does not name ${unnamed.join(', ')}, only ${summary(check.problems)}`];
}

/**
 * Damage that need not be found, because nothing that is kept, and no reader, uses the bytes: what lies in quarantine is out of use, and packs that
 * no index names are leftovers of an interrupted writer.
 */
function isHarmless(tree: Tree, file: string, bytes: Buffer | undefined): boolean {
  if (file.startsWith('quarantine/')) return true;
  if (tree.has(file)) return false;
  const kind = kindOfFile(file);
  if (kind === 'packs' || kind === 'meta' || kind === 'meta.copy') return true;
  // A key slot more opens to this repository's key or to nothing: only its secret tells whose it is.
  if (kind === 'keys' || kind === 'keys.copy') return true;
  // An index file that a newer one supersedes: put back, it is what it was.
  return bytes !== undefined && [...tree].some(([path, whole]) => path.startsWith('quarantine/') && path.endsWith(`/${file}`) && whole.equals(bytes));
}

function isNamed(tree: Tree, file: string, problems: readonly Problem[]): boolean {
  const names = new Set(problems.map((problem) => problem.file));
  if (names.has(file)) return true;
  if (file.startsWith('index/')) return names.has('index');
  // Of a snapshot that was taken away with its copy one name stands for both; of one that nothing else names, its number.
  const first = file.startsWith('snapshots.copy/') ? copyOf(file) : file;
  if (first?.startsWith('snapshots/') !== true || !tree.has(first)) return false;
  return problems.some((problem) => problem.kind === 'rolled-back' && (problem.file === first || problem.file === first.slice(0, -32)));
}

function summary(problems: readonly Problem[]): string {
  return problems.length === 0 ? 'nothing' : problems.map((problem) => `${problem.file} (${problem.kind})`).join(', ');
}

/** What cannot be read is named, by snapshot and object; and nothing is named that can. */
function named(specimen: Specimen, { check }: Look, failing: Failing, lost: ReadonlySet<string>): readonly string[] {
  const wrong: string[] = [];
  const told = new Map<string, Set<string>>();
  for (const { affects } of check.problems)
    for (const { snapshot, objects } of affects) {
      const known = told.get(snapshot) ?? new Set<string>();
      for (const object of objects.length === 0 ? ['*'] : objects) known.add(object);
      told.set(snapshot, known);
    }
  for (const { record, objects } of specimen.snapshots) {
    const names = told.get(record.id) ?? new Set<string>();
    if (lost.has(record.id)) {
      const byNumber = check.problems.some((problem) => problem.file === `snapshots/${String(record.seq).padStart(10, '0')}-`);
      if (!names.has('*') && !byNumber) wrong.push(`the check does not say that snapshot ${record.id} is lost`);
      continue;
    }
    for (const name of [...objects.keys(), TABLE]) {
      const fails = failing.has(`${record.id} ${name}`);
      const isTold = names.has(name) || names.has('*') || (names.has(TABLE) && name !== TABLE && fails);
      if (fails && !isTold) wrong.push(`the check does not name ${name} of ${record.id}, which cannot be read`);
      if (!fails && isTold) wrong.push(`the check calls ${name} of ${record.id} lost, which can be read`);
    }
  }
  return wrong;
}

function soundness(specimen: Specimen, { check, records }: Look, failing: Failing, lost: ReadonlySet<string>): readonly string[] {
  const bad = new Set([...failing].map((one) => one.slice(0, 32)));
  const wrong: string[] = [];
  for (const { record } of specimen.snapshots) {
    const listed = records.some((one) => one.id === record.id);
    const whole = listed && !bad.has(record.id) && !lost.has(record.id);
    if (whole !== check.sound.includes(record.id))
      wrong.push(`snapshot ${record.id} is ${whole ? 'whole and not called sound' : 'not whole and called sound'}`);
  }
  return wrong;
}
