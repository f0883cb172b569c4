import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { BelayClient } from '../../../electron/contract/client.ts';
import { asHost } from '../../helpers/faults/as-host.ts';
import type { FaultRun } from '../../helpers/faults/preload.ts';
import { contentOf } from '../content.ts';
import type { DiskCommand } from './commands.ts';
import { changedOtherwise, factsOf } from './facts.ts';
import type { Left, SmallDisk } from './small-disk.ts';
import type { DiskWorld } from './world.ts';

interface Told {
  readonly ok: boolean;
  readonly error?: { readonly code: string; readonly message: string; readonly hint?: string };
  readonly data?: Readonly<Record<string, unknown>>;
}

export interface Trial {
  readonly command: DiskCommand;
  readonly left: Left;
  /** Whether a host was open before the disk was full. */
  readonly open: boolean;
}

/** Runs one command on the full disk, makes room, and says what is wrong; undefined where all is as it should be. */
export async function tryCommand(world: DiskWorld, disk: SmallDisk, { command, left, open }: Trial): Promise<string | undefined> {
  world.putBack();
  const before = world.beside();
  const was = contentOf(world.database);
  const host = open ? await world.serve() : undefined;
  disk.fill(left);
  const ran = await world.belay(...command.args(world));
  disk.makeRoom();
  await host?.close();
  return (await first([() => misbehaved(command, ran, open), () => lost(world, command, ran, was), () => half(world, command, ran, before)])) ?? undefined;
}

/** `forget`, `collect`, `check`, `collect --purge-now`, between each of which somebody else takes all that became free. */
export async function tryWayOut(world: DiskWorld, disk: SmallDisk, { left, open }: Omit<Trial, 'command'>): Promise<string | undefined> {
  world.putBack();
  const before = bytesBelow(world.repository);
  const host = open ? await world.serve() : undefined;
  const wrong = await leadOut(world, disk, left);
  await host?.close();
  disk.makeRoom();
  if (wrong !== undefined) return wrong;
  if (bytesBelow(world.repository) > before - 50_000) return 'nothing was freed';
  const [one, second, three] = world.known.contents.keys();
  return withRoom(world, [second ?? ''], new Set(), async (client) =>
    changedOtherwise(world.known.facts, await factsOf(client), { takes: [`snapshot ${one}`, `snapshot ${three}`], adds: undefined }, true),
  );
}

async function leadOut(world: DiskWorld, disk: SmallDisk, left: Left): Promise<string | undefined> {
  for (const line of ['list', 'forget 1 3 --yes', 'collect --yes', 'check', 'collect --purge-now --yes']) {
    disk.fill(left);
    const ran = await world.belay(...line.split(' '));
    if (ran.code !== 0) return `belay ${line} exited with ${ran.code}: ${said(ran)}`;
  }
  return undefined;
}

/** What the repository's snapshots take up: its reserve is room for others. */
function bytesBelow(repository: string): number {
  return ['packs', 'meta', 'quarantine'].reduce((sum, name) => sum + treeBytes(join(repository, name)), 0);
}

function treeBytes(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { recursive: true }).reduce((sum, name) => sum + statSync(join(folder, String(name))).size, 0);
}

async function first(questions: readonly (() => string | undefined | Promise<string | undefined>)[]): Promise<string | undefined> {
  for (const ask of questions) {
    const wrong = await ask();
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

/** Exit code and words. */
function misbehaved(command: DiskCommand, ran: FaultRun, open: boolean): string | undefined {
  if (ran.signal !== null) return `ended by ${ran.signal}`;
  if (/^\s+at .+:\d+:\d+\)?$/mu.test(ran.stderr + ran.stdout)) return `a stack trace: ${said(ran)}`;
  if (ran.code === command.code || (command.name === 'doctor' && ran.code === 1)) return undefined;
  if (command.kind !== 'writes') return `exit code ${ran.code} where it has to work: ${said(ran)}`;
  const told = toldBy(ran);
  // A dry run answers with what stands in the way, and exits as the real one would.
  if (ran.code === 7 && told?.ok === true && ran.stdout.includes('"blockers":[{')) return undefined;
  const error = told?.error;
  // An open host has the reserve for who looks or makes room; a data directory that is to be made has none.
  const documented = error?.code === 'home.unusable' && (open || command.name === 'init elsewhere') ? 5 : 7;
  if (ran.code !== documented || error === undefined) return `exit code ${ran.code}: ${said(ran)}`;
  if (!/\b(full|space|room|are free)\b/u.test(error.message) || !/\b(space|room)\b/u.test(error.hint ?? ''))
    return `does not say what is full and what to do: ${said(ran)}`;
  return undefined;
}

/** What was acknowledged before, or by this command, and is not so. */
function lost(world: DiskWorld, command: DiskCommand, ran: FaultRun, was: string): Promise<string | undefined> {
  const [one, , three] = [...world.known.contents.keys()];
  const going = command.name.startsWith('forget ') && !command.args(world).includes('--dry-run') ? [one, ...(command.name.includes('1 3') ? [three] : [])] : [];
  const must = [...world.known.contents.keys()].filter((id) => !going.includes(id));
  const gone = new Set(ran.code === 0 ? going.map(String) : []);
  const now = contentOf(world.database);
  if (now !== was && ![...world.known.contents.values()].includes(now)) return Promise.resolve('the database is in none of its states');
  if (now !== was && ran.code !== 0) return Promise.resolve('the command failed, and the database was changed');
  const takes = [...going.map((id) => `snapshot ${id}`), ...(command.takes?.(world) ?? [])];
  return withRoom(world, must, gone, async (client) => {
    const wrong = changedOtherwise(world.known.facts, await factsOf(client), { takes, adds: command.adds }, ran.code === 0);
    return wrong ?? (await acknowledged(client, ran));
  });
}

/** Everything once more, with room: each snapshot equal, the repository sound, the next snapshot taken. */
async function withRoom(
  world: DiskWorld,
  must: readonly string[],
  gone: ReadonlySet<string>,
  also: (client: BelayClient) => Promise<string | undefined> = () => Promise.resolve(undefined),
): Promise<string | undefined> {
  return asHost(world.home, async (client) => {
    const { snapshots, problems } = await client.call('snapshot.list', {});
    if (problems.length > 0) return `the list has problems: ${JSON.stringify(problems)}`;
    const ids = snapshots.map((one) => one.id);
    for (const id of must) if (!ids.includes(id)) return `snapshot ${id} is lost`;
    for (const id of ids) if (gone.has(id)) return `snapshot ${id} was forgotten and is there`;
    if (snapshots.find((one) => one.tags.includes('kept-tag'))?.proved !== 'proved') return 'a tag or a proof is lost';
    const to = join(world.roomy, 'checked.sqlite');
    for (const [id, content] of world.known.contents) {
      if (!ids.includes(id)) continue;
      await client.call('export', { snapshot: id, to });
      const equal = contentOf(to) === content;
      rmSync(to);
      if (!equal) return `snapshot ${id} is not what it was`;
    }
    const check = await client.call('repository.check', { level: 'decoded' });
    if (!check.passed) return `the repository is damaged: ${JSON.stringify(check)}`;
    const wrong = await also(client);
    if (wrong !== undefined) return wrong;
    const { sources } = await client.call('sources.list', {});
    if (!sources.some((source) => source.name === 'shop')) return undefined;
    const { snapshot } = await client.call('snapshot.create', { source: 'shop', level: 'complete' });
    return snapshot?.proved === 'complete' ? undefined : 'the next snapshot did not work';
  }).catch((error: unknown) => `with room again: ${String(error)}`);
}

/** What the command said that it made is there. */
async function acknowledged(client: BelayClient, ran: FaultRun): Promise<string | undefined> {
  if (ran.code !== 0) return undefined;
  const data = toldBy(ran)?.data as { readonly snapshot?: { readonly id?: string; readonly tags?: readonly string[] } } | undefined;
  const id = data?.snapshot?.id;
  if (id === undefined) return undefined;
  const { snapshots } = await client.call('snapshot.list', {});
  const found = snapshots.find((one) => one.id === id);
  if (found === undefined) return `snapshot ${id} was acknowledged and is not there`;
  const lacking = (data?.snapshot?.tags ?? []).filter((tag) => !found.tags.includes(tag));
  return lacking.length === 0 ? undefined : `acknowledged tags are not there: ${lacking.join(', ')}`;
}

/** Half files, temporary ones, and those that a command that failed left beside the database. Looked for after another host has opened and closed, as the next command does. */
function half(world: DiskWorld, command: DiskCommand, ran: FaultRun, before: readonly string[]): string | undefined {
  const made = command.makes?.(world);
  if (made !== undefined) {
    if (ran.code === 0 && !existsSync(made)) return `${made} was acknowledged and is not there`;
    if (existsSync(made) && ![...world.known.contents.values()].includes(contentOf(made))) return `${made} is not whole`;
  }
  const beside = world.beside().filter((name) => !before.includes(name));
  const left = [...world.temporary(), ...(ran.code === 0 ? [] : beside)];
  return left.length === 0 ? undefined : `left behind: ${left.join(', ')}`;
}

function toldBy(ran: FaultRun): Told | undefined {
  try {
    return JSON.parse(ran.stdout) as Told;
  } catch {
    return undefined;
  }
}

function said(ran: FaultRun): string {
  return (ran.stderr.trim() === '' ? ran.stdout : ran.stderr).trim().replaceAll('\n', ' | ').slice(0, 600);
}
