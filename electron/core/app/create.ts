import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { commands, isCommandName, type CommandName } from '../../contract/commands.ts';
import type { Job } from '../../contract/model.ts';
import { AppError } from '../base/errors.ts';
import { isReplacement, unlinkIfThere } from '../base/durable-file.ts';
import { quietTask } from '../base/ports.ts';
import type { Clock, Log, Random } from '../base/ports.ts';
import type { Redactor } from '../base/redaction.ts';
import type { SecretStore } from '../base/secrets.ts';
import { openCatalog } from '../catalog/catalog.ts';
import type { Engine, EngineContext } from '../engines/engine.ts';
import { openSnapshots } from '../inspect/opened.ts';
import { openJournal } from '../jobs/journal.ts';
import { pastJobs } from '../jobs/past.ts';
import { createQueue } from '../jobs/queue.ts';
import { openRestoreRecords } from '../restore/records.ts';
import type { Repository } from '../repository/repository.ts';
import { openExportRecords } from '../restore/export-records.ts';
import { settleExports } from '../restore/settle-exports.ts';
import { settleAll } from '../restore/settle.ts';
import { openHighWater } from '../sources/high-water.ts';
import { manifestMemory } from './manifest-memory.ts';
import { openSettings, openSources } from '../sources/settings.ts';
import { createAtOnce } from './at-once.ts';
import type { Belay, HostFacts } from './belay.ts';
import { syncCatalog } from './catalog-sync.ts';
import { engineOf, type Core } from './core.ts';
import { dispatch } from './dispatch.ts';
import { createEvents } from './events.ts';
import type { Handlers } from './handlers/handlers.ts';
import { demoHandlers } from './handlers/demo.ts';
import { doctorHandlers } from './handlers/doctor.ts';
import { drillHandlers } from './handlers/drills.ts';
import { importHandlers } from './handlers/imports.ts';
import { jobHandlers } from './handlers/jobs.ts';
import { keyHandlers } from './handlers/keys.ts';
import { diffHandlers } from './handlers/diffs.ts';
import { lineageHandlers } from './handlers/lineage.ts';
import { lookingHandlers } from './handlers/looking.ts';
import { mergeHandlers } from './handlers/merges.ts';
import { overviewHandlers } from './handlers/overview.ts';
import { repositoryHandlers } from './handlers/repository.ts';
import { restoreHandlers } from './handlers/restores.ts';
import { rewindHandlers } from './handlers/rewinds.ts';
import { snapshotHandlers } from './handlers/snapshots.ts';
import { sourceHandlers } from './handlers/sources.ts';
import { statusHandlers } from './handlers/status.ts';
import { undoHandlers } from './handlers/undo.ts';
import { proofState } from '../verify/state.ts';
import { startKeeping } from './keeping.ts';
import { repositoryWriters } from './orders.ts';
import { createSession } from './repository-session.ts';
import { withEngineContext, type CallScope } from './scope.ts';

const handlers: Handlers<CommandName> = {
  ...statusHandlers,
  ...repositoryHandlers,
  ...keyHandlers,
  ...sourceHandlers,
  ...overviewHandlers,
  ...demoHandlers,
  ...snapshotHandlers,
  ...drillHandlers,
  ...diffHandlers,
  ...lineageHandlers,
  ...lookingHandlers,
  ...restoreHandlers,
  ...mergeHandlers,
  ...rewindHandlers,
  ...undoHandlers,
  ...importHandlers,
  ...jobHandlers,
  ...doctorHandlers,
};

/** How long a host that leaves waits for commands that are not jobs: longer than any that changes something takes. */
const AT_ONCE_MS = 15_000;

export interface BelayParts {
  /** The data directory: absolute, there, and owned by this host. */
  readonly home: string;
  readonly version: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly redactor: Redactor;
  readonly secrets: SecretStore;
  /** What the user must be told of where secrets rest. */
  readonly secretNotices: readonly string[];
  readonly engines: readonly Engine[];
  /** See `EngineContext`. */
  readonly containerEngine?: EngineContext['containerEngine'];
  readonly host: HostFacts;
}

/**
 * The composition root: opens what the data directory holds, settles what a crash left half-done, and serves the command map.
 * The repository is opened at first need. Throws `home.unusable`, `catalog.newer`.
 */
export async function createBelay(parts: BelayParts): Promise<Belay> {
  const { home, clock, random, log } = parts;
  await clearTemporary(home);
  const journal = await openJournal(join(home, 'journal'), { clock, random, log, redactor: parts.redactor });
  const catalog = openCatalog(join(home, 'catalog.sqlite'), { clock, log, highest: (record) => proofState(record).highest });
  const events = createEvents(log);
  const openedAt = clock.now();
  const past = await pastJobs(journal);
  const queue = createQueue({ clock, random, log, journal }, past);
  let interrupted = past.some((job) => brokenOffWrite(job, openedAt));
  const records = await openRestoreRecords(home, { random });
  const exports = await openExportRecords(home, { random });
  const opened = await openSnapshots(join(home, 'opened'));
  const settings = openSettings(home, { random });
  const session = createSession({
    home,
    secrets: parts.secrets,
    settings,
    ports: { clock, random, log },
    highWater: openHighWater(home, { random }),
    memory: manifestMemory(home, { random, log }),
    opened: async (repository) => {
      if (interrupted) await completeCopies(repository, log);
      interrupted = false;
      await syncCatalog({ catalog }, repository);
    },
  });
  const core: Core = {
    home,
    version: parts.version,
    clock,
    random,
    log,
    engines: new Map(parts.engines.map((engine) => [engine.kind, engine])),
    settings,
    sources: openSources(home, { random }),
    secrets: parts.secrets,
    secretNotices: parts.secretNotices,
    redactor: parts.redactor,
    journal,
    queue,
    catalog,
    records,
    exports,
    opened,
    session,
    events,
    containerEngine: parts.containerEngine,
    host: parts.host,
  };
  const unlisten = [queue.onChanged((job) => events.emit('job.changed', { job })), journal.onAppended((entry) => events.emit('journal.appended', { entry }))];
  await settleInterrupted(core);
  const endKeeping = await startKeeping(core);

  const atOnce = createAtOnce(log);
  let closing: Promise<void> | undefined;
  const close = async (reason: string): Promise<void> => {
    atOnce.refuse();
    endKeeping();
    events.emit('host.closing', { reason });
    await queue.close();
    await atOnce.ended(AT_ONCE_MS);
    await withEngineContext(core, quietScope(), (context) => opened.close(context));
    await session.close();
    for (const end of unlisten) end();
    await journal.close();
    catalog.close();
  };
  return {
    call: (name, input, options) => {
      const call = () => dispatch(core, handlers, name, input, options);
      return isCommandName(name) && commands[name].job ? call() : atOnce.run(name, call);
    },
    subscribe: (name, listener) => events.subscribe(name, listener),
    activeJobs: () => queue.active(),
    close: (reason) => (closing ??= close(reason)),
  };
}

/** A job of the host before this one that wrote to the repository and never ended: this opening found it and journalled its end. */
function brokenOffWrite(job: Job, openedAt: number): boolean {
  return job.state === 'interrupted' && (job.endedAt ?? openedAt) >= openedAt && repositoryWriters.has(job.command);
}

/** A write that was broken off may have left one of two copies out: it is written now, so that the next check has nothing to say. */
async function completeCopies(repository: Repository, log: Log): Promise<void> {
  try {
    const { mended } = await repository.repair({ dryRun: false }, quietTask());
    for (const one of mended) log.info('completed after an interrupted write', { ...one });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    log.warn('what an interrupted write left out could not be completed', { code: error.code, error });
  }
}

/** Temporary folders and half-written files of a host that was killed: this one owns the data directory, so none is in use. */
async function clearTemporary(home: string): Promise<void> {
  const temporary = join(home, 'tmp');
  for (const name of await readdir(home)) if (isReplacement(name)) await unlinkIfThere(join(home, name));
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true, mode: 0o700 });
}

async function settleInterrupted(core: Core): Promise<void> {
  const { records, exports } = core;
  const notes = [...(await settleExports(exports, core))];
  if (records.undo().some((row) => row.state !== 'kept') || records.held().some((row) => row.state !== 'held'))
    notes.push(...(await withEngineContext(core, quietScope(), (context) => settleAll((kind) => engineOf(core, kind), records, context))));
  for (const note of notes) await core.journal.append({ what: 'restore.settled', result: 'noted', details: { note } });
}

function quietScope(): CallScope {
  return { client: 'host', signal: new AbortController().signal, progress: () => undefined };
}
