import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BelayClient } from '../../../electron/contract/client.ts';
import type { Outcome } from './agent.ts';
import { expectOne, expectTrue, Lost } from './operations/expect.ts';
import { planned } from './operations/commands.ts';
import type { AfterContext, Facts, Operation } from './operations/operation.ts';
import type { Subject } from './subject.ts';
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
function wrongEnd({ end, code, text, seen }: Outcome): string | undefined {
  if (end === 'hung') return `it hung: ${text ?? ''}`;
  if (end === 'died' || (end === 'killed' && seen.fired === 0)) return `it died: ${text ?? ''}`;
  if (end === 'failed' && (code === 'none' || code === 'bug')) return `it failed with no error for users: ${text ?? ''}`;
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

async function look({ trial, subject, server, operation, facts, place, after }: Case, { acknowledged }: Outcome): Promise<void> {
  await trial.asHost(async (client) => {
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
        unpinned: acknowledged.includes('unpin') || operation.name === 'pin',
      },
    );
    if (operation.afterFirst !== true) await operation.after(await context());
    await subject.clean(client);
    await planned(client, 'repository.collect', {});
  });
  expectOne('what lies about', JSON.stringify([...leftovers(trial, place.files), ...(await subject.leftovers())]), ['[]']);
}

async function listedIds(client: BelayClient): Promise<readonly string[]> {
  return (await client.call('snapshot.list', {})).snapshots.map((one) => one.id);
}

interface Standing {
  readonly place: AfterContext['place'];
  readonly acknowledged: readonly string[];
  readonly mayGo: readonly string[];
  readonly unpinned: boolean;
}

/** Everything acknowledged is there, equal, pinned and proved; nothing is listed that is not a state which was there. */
async function standing(
  client: BelayClient,
  { subject, facts }: { readonly subject: Subject; readonly facts: Facts },
  { place, acknowledged, mayGo, unpinned }: Standing,
): Promise<void> {
  const ids = await listedIds(client);
  const wanted = [...Object.keys(facts.snapshots).filter((id) => !mayGo.includes(id)), ...acknowledged.filter(isId)];
  for (const id of wanted) expectTrue(`the acknowledged snapshot ${id} is listed`, ids.includes(id));
  const { snapshots } = await client.call('snapshot.list', {});
  for (const one of snapshots) {
    const pin = facts.pins[one.id];
    if (pin !== undefined && !unpinned) expectOne(`the pin of ${one.id}`, one.pin?.reason ?? 'none', [pin]);
    const proved = facts.proved[one.id];
    if (proved !== undefined) expectTrue(`${one.id} is proved ${proved} still`, levels.indexOf(one.proved) >= levels.indexOf(proved));
    expectTrue(`${one.id} has no failed proof`, !one.failing);
  }
  await checked(client, acknowledged);
  const { sound, statement } = await client.call('journal.verify', {});
  expectTrue(`the journal is sound: ${statement}`, sound);
  const states = [...Object.values(facts.snapshots), facts.live, ...Object.values(facts.more)];
  const allowed = (id: string): readonly string[] => (facts.snapshots[id] === undefined ? states : [facts.snapshots[id]]);
  const stored = await subject.stored(client, place, ids);
  // One that is being forgotten may be so in the record and listed still.
  for (const id of ids.filter((one) => !mayGo.includes(one))) expectOne(`the content of ${id}`, stored.get(id) ?? 'not there', allowed(id));
  const [last] = ids;
  // What was there before is the same bytes as before, which the product exported then; what is new is exported by it as well.
  if (last !== undefined && facts.snapshots[last] === undefined) expectOne(`the export of ${last}`, await subject.exported(client, last), allowed(last));
}

/**
 * The check passes. One thing it may find that is no loss: the second copy of a manifest or key slot which
 * nobody was told of, since it ended between the two; repair must make it.
 */
async function checked(client: BelayClient, acknowledged: readonly string[]): Promise<void> {
  const found = await foundBy(client);
  if (found.length === 0) return;
  const untold = ({ file, kind }: (typeof found)[number]): boolean => {
    const name = /^(?:snapshots\.copy\/\d+-|keys\.copy\/)([0-9a-f]{32})$/.exec(file)?.[1];
    return kind === 'missing' && name !== undefined && !acknowledged.includes(name);
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
