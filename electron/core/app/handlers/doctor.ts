import { statfs } from 'node:fs/promises';
import { arch, platform, release } from 'node:os';
import type { CommandOutput } from '../../../contract/commands.ts';
import { commandLine } from '../../../contract/command-line.ts';
import { AppError } from '../../base/errors.ts';
import { counted, size } from '../../base/words.ts';
import { addressText } from '../../containers/endpoint.ts';
import type { Source } from '../../../contract/model.ts';
import type { Repository } from '../../repository/repository.ts';
import { proofState } from '../../verify/state.ts';
import { engineOf, type Core } from '../core.ts';
import { keptEntries } from '../kept.ts';
import { hostLogFile } from '../host-log.ts';
import { withEngineContext, type CallScope } from '../scope.ts';
import type { Handlers } from './handlers.ts';
import { keptPerTarget } from '../../restore/restore.ts';
import { engineSource } from './sources.ts';

type Finding = CommandOutput<'doctor'>['findings'][number];

/** Free space under which the data directory is called tight, bytes. */
const tight = 512 * 1024 * 1024;

export const doctorHandlers: Handlers<'doctor'> = {
  doctor: async (core, _input, scope) => {
    const findings: Finding[] = [machine(), await space(core), log(core), secrets(core), catalog(core), ...(await containers(core, scope.signal))];
    findings.push(...(await repository(core)));
    findings.push(await journal(core, scope.signal));
    findings.push(...(await kept(core)), ...(await sources(core, scope)));
    return { findings };
  },
};

function machine(): Finding {
  return { area: 'machine', state: 'good', statement: `${platform()} ${release()} ${arch()}, Node ${process.versions.node}` };
}

async function space(core: Core): Promise<Finding> {
  const { bavail, bsize } = await statfs(core.home);
  const free = bavail * bsize;
  const statement = `${size(free)} free where the data directory lies: ${core.home}`;
  if (free > tight) return { area: 'space', state: 'good', statement };
  return { area: 'space', state: 'lacking', statement, hint: 'Make room, or forget snapshots and run `belay collect`.' };
}

function log(core: Core): Finding {
  return { area: 'log', state: 'good', statement: `The host logs to ${hostLogFile(core.home)}` };
}

function secrets(core: Core): Finding {
  const { description, lasting } = core.secrets;
  if (lasting) return { area: 'secrets', state: 'good', statement: `Secrets rest in ${description}` };
  const why = core.secretNotices.length === 0 ? `Secrets rest ${description}.` : core.secretNotices.join(' ');
  return { area: 'secrets', state: 'note', statement: why, hint: 'BELAY_PASSPHRASE_FILE names a file that holds the passphrase of the repository.' };
}

async function containers(core: Core, signal: AbortSignal): Promise<Finding[]> {
  const found = await core.containerEngine?.(signal);
  if (found === undefined) return [];
  if (found.state === 'answers') {
    const { product, version, endpoint } = found.engine;
    const statement = `${product === 'podman' ? 'Podman' : 'Docker'} ${version} answers at ${addressText(endpoint.address)} (${endpoint.origin})`;
    return [{ area: 'containers', state: 'good', statement }];
  }
  return [{ area: 'containers', state: 'note', statement: found.statement, hint: found.hint }];
}

function catalog(core: Core): Finding {
  const problems = core.catalog.problems().length;
  if (problems === 0)
    return {
      area: 'catalog',
      state: 'good',
      statement: `SQLite ${core.catalog.libraryVersion}, ${counted(core.catalog.list({ limit: 1, offset: 0 }).total, 'snapshot')} listed`,
    };
  return {
    area: 'catalog',
    state: 'bad',
    statement: `${counted(problems, 'problem')} known in the repository`,
    hint: 'Run `belay check`, then `belay repair`.',
  };
}

async function repository(core: Core): Promise<Finding[]> {
  try {
    const found = await core.session.look();
    if (found === undefined) return [{ area: 'repository', state: 'lacking', statement: 'There is no repository yet.', hint: 'Create one: belay init' }];
    if (found.locked)
      return [
        {
          area: 'repository',
          state: 'note',
          statement: `${found.state.location} is protected and not unlocked.`,
          hint: 'Any command that needs it asks for the passphrase.',
        },
      ];
    const open = await core.session.current();
    const locks = (await open.locks()).filter((lock) => lock.state !== 'ours');
    const state: Finding = {
      area: 'repository',
      state: found.state.readOnly ? 'note' : 'good',
      statement: `${found.state.location}, format ${found.state.format}${found.state.readOnly ? ', read-only' : ''}`,
    };
    return [
      state,
      ...(await proofs(open)),
      ...locks.map((lock): Finding => ({
        area: 'lock',
        state: 'note',
        statement: `${lock.mode} lock of ${lock.host}: ${lock.why}`,
        hint: 'See: belay unlock',
      })),
    ];
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return [{ area: 'repository', state: 'bad', statement: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) }];
  }
}

/** Most snapshots that one line names. */
const mostNamed = 8;

/** Which snapshots fail, and when everything was read last. */
async function proofs(repository: Repository): Promise<Finding[]> {
  const { snapshots } = await repository.snapshots();
  if (snapshots.length === 0) return [];
  const failing = snapshots.filter((one) => proofState(one).failing).map((one) => String(one.seq));
  const findings: Finding[] = [];
  if (failing.length > 0) {
    const more = failing.length > mostNamed ? ` and ${failing.length - mostNamed} more` : '';
    findings.push({
      area: 'proofs',
      state: 'bad',
      statement: `${failing.length === 1 ? 'Snapshot' : 'Snapshots'} ${failing.slice(0, mostNamed).join(', ')}${more} failed a proof.`,
      hint: `See why: belay show ${failing[0] ?? ''}. A new snapshot stores anew what the source still has: belay snap. Then: belay check`,
    });
  }
  const checks = (await repository.facts()).filter((record) => record.fact.kind === 'check');
  const last = checks.at(-1);
  if (last === undefined) {
    findings.push({ area: 'check', state: 'note', statement: 'The whole repository was never checked.', hint: 'Read every byte of it: belay check' });
  } else {
    const passed = last.fact.kind === 'check' && last.fact.passed;
    const statement = `The last check of the whole repository ${passed ? 'passed' : 'found problems'} on ${new Date(last.at).toISOString().slice(0, 10)}.`;
    findings.push({ area: 'check', state: passed ? 'good' : 'bad', statement, ...(passed ? {} : { hint: 'See them: belay check' }) });
  }
  return findings;
}

async function journal(core: Core, signal: AbortSignal): Promise<Finding> {
  const verdict = await core.journal.verify(signal);
  return { area: 'journal', state: verdict.sound ? 'good' : 'bad', statement: verdict.statement };
}

/** What undo could put back, and what it takes up. */
async function kept(core: Core): Promise<Finding[]> {
  const entries = await keptEntries(core);
  if (entries.length === 0) return [];
  const bytes = entries.reduce((sum, one) => sum + (one.bytes ?? 0), 0);
  const statement = `${entries.length} old ${entries.length === 1 ? 'copy is' : 'copies are'} kept for undo, ${size(bytes)}; at most ${keptPerTarget} of each target, each until the time that belay undo --list says`;
  return [{ area: 'undo', state: 'good', statement, hint: 'To free the space of one: belay undo <id> --discard' }];
}

async function sources(core: Core, scope: CallScope): Promise<Finding[]> {
  const all = await core.sources.list();
  if (all.length === 0) return [{ area: 'sources', state: 'lacking', statement: 'No source is known.', hint: 'See what is here: belay discover' }];
  const findings: Finding[] = [];
  for (const source of all) findings.push((await unreachable(core, source, scope)) ?? known(core, source));
  return findings;
}

/** What stands between here and a source; undefined where it can be read. */
async function unreachable(core: Core, source: Source, scope: CallScope): Promise<Finding | undefined> {
  try {
    await withEngineContext(core, scope, (context) => engineOf(core, source.engine).probe(engineSource(source), context));
    return undefined;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { area: 'sources', state: 'bad', statement: `${source.name}: ${error.message}`, ...(error.hint === undefined ? {} : { hint: error.hint }) };
  }
}

function known(core: Core, source: Source): Finding {
  const newest = core.catalog.newest(source.name);
  if (newest === undefined)
    return { area: 'sources', state: 'lacking', statement: `${source.name} was never snapshotted.`, hint: `Run: ${commandLine('snap', [source.name])}` };
  return { area: 'sources', state: 'good', statement: `${source.name} (${source.environment}), newest snapshot ${newest.id.slice(0, 8)}` };
}
