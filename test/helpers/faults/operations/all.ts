import type { Operation } from './operation.ts';
import { postgresOperations } from './postgres.ts';
import { repositoryOperations } from './repository.ts';
import { sqliteOperations } from './sqlite.ts';

/** Every operation. Those on a server need one that can be started; all others nothing but a folder. */
export const operations: readonly Operation[] = [...sqliteOperations, ...repositoryOperations, ...postgresOperations];
