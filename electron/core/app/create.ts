import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandName } from '../../contract/commands.ts';
import { BugError } from '../base/errors.ts';
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
import { settleAll } from '../restore/restore.ts';
import { openHomeFiles } from '../sources/settings.ts';
import type { Belay, HostFacts } from './belay.ts';
import { syncCatalog } from './catalog-sync.ts';
import type { Core, CoreEnvironment } from './core.ts';
import { dispatch } from './dispatch.ts';
import { createEvents } from './events.ts';
import type { Handlers } from './handlers/handlers.ts';
import { doctorHandlers } from './handlers/doctor.ts';
import { importHandlers } from './handlers/imports.ts';
import { jobHandlers } from './handlers/jobs.ts';
import { keyHandlers } from './handlers/keys.ts';
import { lookingHandlers } from './handlers/looking.ts';
import { repositoryHandlers } from './handlers/repository.ts';
import { restoreHandlers } from './handlers/restores.ts';
import { rewindHandlers } from './handlers/rewinds.ts';
import { snapshotHandlers } from './handlers/snapshots.ts';
import { sourceHandlers } from './handlers/sources.ts';
import { statusHandlers } from './handlers/status.ts';
import { createSession } from './repository-session.ts';

export const handlers: Handlers<CommandName> = {
  ...statusHandlers,
  ...repositoryHandlers,
  ...keyHandlers,
  ...sourceHandlers,
  ...snapshotHandlers,
  ...lookingHandlers,
  ...restoreHandlers,
  ...rewindHandlers,
  ...importHandlers,
  ...jobHandlers,
  ...doctorHandlers,
};
