import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { BelayClient } from '../../../electron/contract/client.ts';
import { commands, isCommandName } from '../../../electron/contract/commands.ts';
import { orders } from '../../../electron/core/app/orders.ts';
import type { Outcome } from './agent.ts';
import { expectOne, expectTrue, Lost } from './operations/expect.ts';
import { planned } from './operations/commands.ts';
import type { AfterContext, Facts, Operation } from './operations/operation.ts';
import { labels } from './operations/states.ts';
import { unneeded } from './stored.ts';
import { secretOf, type Subject } from './subject.ts';
import type { Trial } from './trial.ts';

const levels = ['captured', 'intact', 'complete', 'proved'];
/** Things of an operation that its name tells are no snapshots. */
const isId = (text: string): boolean => /^[0-9a-f]{32}$/.test(text);

export interface Case {
  readonly trial: Trial;
  readonly subject: Subject;
  readonly server: AfterContext['server'];
  readonly operation: Operation;
  readonly facts: Facts;
  readonly place: AfterContext['place'];
  /** Content of the source after the operation without a fault. */
  readonly after: string;
}

/** What may not be, after the command ended as it did; undefined where all holds. */
export async function lossAfter(one: Case, outcome: Outcome): Promise<string | undefined> {
  const told = wrongEnd(outcome);
  if (told !== undefined) return told;
  try {
    await look(one, outcome);
    return undefined;
  } catch (error) {
    if (error instanceof Lost) return `${error.message} (${ending(outcome)})`;
    return `the next command failed: ${described(error)} (${ending(outcome)})`;
  }
}

/** A command that was not killed ends well or with an error that is meant for users. */
function wrongEnd({ end, code, text, hint, seen }: Outcome): string | undefined {
  if (end === 'hung') return `it hung: ${text ?? ''}`;
  if (end === 'died' || (end === 'killed' && seen.fired === 0)) return `it died: ${text ?? ''}`;
  if (end === 'failed' && (code === 'none' || code === 'bug')) return `it failed with no error for users: ${text ?? ''}`;
  if (end === 'failed' && (hint ?? '') === '') return `it failed with no hint: ${code ?? ''} ${text ?? ''}`;
  return undefined;
}

function ending({ end, code, text, acknowledged }: Outcome): string {
  return `it ended ${end}${code === undefined ? '' : ` ${code} ${(text ?? '').split('\n', 1)[0] ?? ''}`}, acknowledged ${acknowledged.join() || 'nothing'}`;
}

function described(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `, caused by ${described(error.cause)}`;
  return `${'code' in error ? `${String(error.code)} ` : ''}${error.message}${cause} ${error.stack?.split('\n').slice(1, 3).join(' ') ?? ''}`;
}

async function look({ trial, subject, server, operation, facts, place, after }: Case, outcome: Outcome): Promise<void> {
  const { acknowledged } = outcome;
  const undoable = await trial.asHost(async (client) => {
    await journalled(client, facts, outcome);
    await operation.open?.({ client, place, facts, acknowledged });
    const context = async (): Promise<AfterContext> => ({ client, trial, subject, server, place, facts, after, acknowledged, listed: await listedIds(client) });
    if (operation.afterFirst === true) await operation.after(await context());
    await standing(
      client,
      { subject, facts },
      {
        place,
        acknowledged,
        mayGo: operation.mayGo?.(facts) ?? [],
        altered: operation.alters?.(facts) ?? [],
        made: operation.makes?.(facts) ?? facts.live,
      },
    );
    if (operation.afterFirst !== true) await operation.after(await context());
    await subject.clean(client);
    await planned(client, 'repository.collect', {});
    return (await client.call('undo.list', {})).undo.map((one) => basename(one.kept));
  });
  const repository = join(trial.home, 'repository');
  expectOne('what lies in the repository and nothing needs', JSON.stringify(unneeded(repository, secretOf(place))), ['[]']);
  expectOne(
    'copies for undo that nobody knows of',
    trial
      .undoFiles()
      .filter((name) => !undoable.includes(name))
      .join(),
    [''],
  );
  expectOne('what lies about', JSON.stringify([...leftovers(trial, place.files), ...(await subject.leftovers())]), ['[]']);
}

/** Whether a command leaves an entry in the data directory's journal. */
function leavesEntry(name: string): boolean {
  return isCommandName(name) && (commands[name].job ? orders[name].journalled !== false : orders[name].journalled === true);
}

/**
 * Every command that was answered with success is in the journal as done. Where its last entry could not be written, since the disk failed, a job
 * may stand there as interrupted.
 */
async function journalled(client: BelayClient, facts: Facts, { end, answered, seen }: Outcome): Promise<void> {
  const names = [...new Set(answered)].filter(leavesEntry);
  if (names.length === 0) return;
  const { entries } = await client.call('journal.list', { limit: 1000 });
  const since = entries.filter((one) => one.seq > facts.journal);
  for (const name of names) {
    const spared = end !== 'killed' && seen.fired > 0 && isCommandName(name) && commands[name].job;
    const ended = since.filter(({ what, result, details }) => what === name && (result === 'done' || (spared && details['interrupted'] === true)));
    expectTrue(`what ${name} did is in the journal`, ended.length >= answered.filter((one) => one === name).length);
  }
}

async function listedIds(client: BelayClient): Promise<readonly string[]> {
  return (await client.call('snapshot.list', {})).snapshots.map((one) => one.id);
}

interface Standing {
  readonly place: AfterContext['place'];
  readonly acknowledged: readonly string[];
  readonly mayGo: readonly string[];
  readonly altered: readonly string[];
  /** Content of a new snapshot. */
  readonly made: string;
}

/** Everything acknowledged is there, equal, pinned and proved; nothing is listed that is not a state which was there. */
async function standing(
  client: BelayClient,
  { subject, facts }: { readonly subject: Subject; readonly facts: Facts },
  { place, acknowledged, mayGo, altered, made }: Standing,
): Promise<void> {
  const ids = await listedIds(client);
  const wanted = [...Object.keys(facts.snapshots).filter((id) => !mayGo.includes(id)), ...acknowledged.filter(isId)];
  for (const id of wanted) expectTrue(`the acknowledged snapshot ${id} is listed`, ids.includes(id));
  const { snapshots } = await client.call('snapshot.list', {});
  for (const one of snapshots) {
    const told = facts.told[one.id];
    if (told !== undefined && !altered.includes(one.id)) {
      expectOne(`the pin of ${one.id}`, one.pin?.reason ?? 'none', [facts.pins[one.id] ?? 'none']);
      expectOne(`name, tags and note of ${one.id}`, labels(one), [told]);
    }
    const proved = facts.proved[one.id];
    if (proved !== undefined) expectTrue(`${one.id} is proved ${proved} still`, levels.indexOf(one.proved) >= levels.indexOf(proved));
    expectTrue(`${one.id} has no failed proof`, !one.failing);
  }
  await checked(client, facts, acknowledged);
  const { sound, statement } = await client.call('journal.verify', {});
  expectTrue(`the journal is sound: ${statement}`, sound);
  const allowed = (id: string): readonly string[] => [facts.snapshots[id] ?? made];
  // A list may tell of one that the record says is forgotten, as long as nothing has opened the repository since: the check has.
  const now = await listedIds(client);
  for (const id of wanted) expectTrue(`the acknowledged snapshot ${id} is listed still`, now.includes(id));
  const stored = await subject.stored(client, place, now);
  for (const id of now) expectOne(`the content of ${id}`, stored.get(id) ?? 'not there', allowed(id));
  const [last] = now;
  // What was there before is the same bytes as before, which the product exported then; what is new is exported by it as well.
  if (last !== undefined && facts.snapshots[last] === undefined) expectOne(`the export of ${last}`, await subject.exported(client, last), allowed(last));
}

/**
 * The check passes. One thing it may find that is no loss: the second copy of a manifest or key slot which
 * nobody was told of, since it ended between the two; repair must make it.
 */
async function checked(client: BelayClient, facts: Facts, acknowledged: readonly string[]): Promise<void> {
  const found = await foundBy(client);
  if (found.length === 0) return;
  const whole = acknowledged.includes('init');
  const told = [...acknowledged, ...acknowledged.map((one) => one.replace(/^slot /, '')), ...Object.keys(facts.snapshots), ...facts.slots];
  const untold = ({ file, kind }: (typeof found)[number]): boolean => {
    const name = /^(?:snapshots\.copy\/\d+-|keys\.copy\/)([0-9a-f]{32})$/.exec(file)?.[1];
    return kind === 'missing' && name !== undefined && !whole && !told.includes(name);
  };
  if (!found.every(untold)) throw new Lost(`the check found ${JSON.stringify(found).slice(0, 500)}`);
  await client.call('repository.repair', {});
  const again = await foundBy(client);
  if (again.length > 0) throw new Lost(`after a repair the check found ${JSON.stringify(again).slice(0, 500)}`);
}

async function foundBy(client: BelayClient): Promise<readonly { readonly file: string; readonly kind: string }[]> {
  const { passed, problems } = await client.call('repository.check', { level: 'decoded' });
  if (!passed && problems.length === 0) throw new Lost('the check did not pass and names no problem');
  return problems;
}

/** Files that nothing takes away any more. */
function leftovers(trial: Trial, files: string): readonly string[] {
  const below = (folder: string): readonly string[] => {
    try {
      return readdirSync(folder, { recursive: true }).map((name) => `${folder}/${String(name)}`);
    } catch {
      return [];
    }
  };
  const home = readdirSync(trial.home).filter((name) => /\.(?:tmp|part|new)\b|^catalog\.sqlite\.set-aside/.test(name));
  const repository = join(trial.home, 'repository');
  const beside = readdirSync(files).filter((name) => !/^(?:(?:out|in|again)\.sqlite|other\.db|key2?)$/.test(name));
  // Collect takes what lies in the repository's tmp for a day: another host may be writing it.
  const about = trial.leftovers().filter((name) => name !== '.belay-checkpoints' && !name.startsWith('repository/tmp/'));
  return [...about, ...home, ...beside, ...below(join(repository, 'locks'))];
}
