import { AppError } from '../base/errors.ts';
import type { Clock, Log, Random } from '../base/ports.ts';
import type { Redactor } from '../base/redaction.ts';
import type { SecretStore } from '../base/secrets.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Engine, EngineContext } from '../engines/engine.ts';
import type { OpenedSnapshots } from '../inspect/opened.ts';
import type { Journal } from '../jobs/journal.ts';
import type { JobQueue } from '../jobs/queue.ts';
import type { ExportRecords } from '../restore/export-records.ts';
import type { RestoreRecords } from '../restore/records.ts';
import type { Document } from '../sources/document.ts';
import type { Settings, Sources } from '../sources/settings.ts';
import type { HostFacts } from './belay.ts';
import type { Events } from './events.ts';
import type { RepositorySession } from './repository-session.ts';

/** The parts that handlers work with; made once by `createBelay`. */
export interface Core {
  /** The data directory. */
  readonly home: string;
  readonly version: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly engines: ReadonlyMap<string, Engine>;
  readonly settings: Document<Settings>;
  readonly sources: Sources;
  readonly secrets: SecretStore;
  /** What the user must be told of where secrets rest. */
  readonly secretNotices: readonly string[];
  readonly redactor: Redactor;
  readonly journal: Journal;
  readonly queue: JobQueue;
  readonly catalog: Catalog;
  readonly records: RestoreRecords;
  readonly exports: ExportRecords;
  readonly opened: OpenedSnapshots;
  readonly session: RepositorySession;
  readonly events: Events;
  readonly containerEngine: EngineContext['containerEngine'];
  readonly host: HostFacts;
}

/** The engine of that kind. Throws `engine.unsupported` with the engines there are. */
export function engineOf(core: Core, kind: string): Engine {
  const found = core.engines.get(kind);
  if (found !== undefined) return found;
  throw new AppError('engine.unsupported', `This version has no engine for ${kind}.`, {
    hint: `It has: ${[...core.engines.values()].map((engine) => engine.title).join(', ')}.`,
  });
}
