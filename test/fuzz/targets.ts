import type { FuzzTarget } from './target.ts';
import { formatTargets } from './targets/format.ts';
import { hostTargets } from './targets/host.ts';
import { postgresTargets } from './targets/postgres.ts';
import { repositoryTargets } from './targets/repository.ts';
import { sqliteTargets } from './targets/sqlite.ts';

/** Every target, in the order in which they are run. */
export const targets: readonly FuzzTarget[] = [...formatTargets, ...hostTargets, ...postgresTargets, ...sqliteTargets, ...repositoryTargets];
