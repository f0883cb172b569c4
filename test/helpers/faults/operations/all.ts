import type { Operation } from './operation.ts';
import { repositoryOperations } from './repository.ts';
import { sqliteOperations } from './sqlite.ts';

/** Every operation that needs nothing but a folder. */
export const operations: readonly Operation[] = [...sqliteOperations, ...repositoryOperations];
