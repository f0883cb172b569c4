import type { Migration } from '../migrate.ts';
import { snapshots } from './0001-snapshots.ts';

/** In order; a catalog of version n has had the first n. */
export const migrations: readonly Migration[] = [snapshots];
