import { stat, statfs } from 'node:fs/promises';
import { AppError, systemCode } from '../../../base/errors.ts';
import type { EngineContext } from '../../engine.ts';
import { describeLocation, type PostgresLocation } from '../location.ts';
import { withServer } from '../session/session.ts';

/** What a server needs beside the copies themselves, so that it can go on writing. */
const spareBytes = 64 << 20;
const spareShare = 0.1;

/**
 * Bytes free where the server keeps the database. Undefined where that cannot be known: the server runs elsewhere or in a container, the role may
 * not ask, or the database lies in a tablespace of its own.
 */
export async function freeBytes(location: PostgresLocation, context: EngineContext): Promise<number | undefined> {
  const folder = await dataFolder(location, context);
  if (folder === undefined) return undefined;
  try {
    // A folder of that name may be here by chance: the server's own was last changed when it says.
    if (Math.floor((await stat(folder.path)).mtimeMs / 1000) !== Math.floor(folder.changedAt)) return undefined;
    const { bavail, bsize } = await statfs(folder.path);
    return bavail * bsize;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return undefined;
  }
}

interface DataFolder {
  readonly path: string;
  readonly changedAt: number;
}

async function dataFolder(location: PostgresLocation, context: EngineContext): Promise<DataFolder | undefined> {
  try {
    return await withServer(location, context, async (server) => {
      const [row] = await server.rows<DataFolder>(
        `SELECT pg_catalog.current_setting('data_directory') AS path, extract(epoch FROM (pg_catalog.pg_stat_file('.')).modification)::float8 AS "changedAt"
          FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace WHERE d.datname = $1 AND t.spcname = 'pg_default'`,
        [location.database],
      );
      return row;
    });
  } catch (error) {
    if (error instanceof AppError && error.details?.['sqlstate'] === '42501') return undefined;
    throw error;
  }
}

/** True where so many bytes more would leave the server too little to go on with. */
export function tooLittle(free: number, needed: number): boolean {
  return free < needed + Math.max(spareBytes, needed * spareShare);
}

/** Throws `target.no-space` where the server's disk is known to have no room for a copy of so many bytes. */
export async function refuseNoRoom(location: PostgresLocation, needed: number, context: EngineContext): Promise<void> {
  const free = await freeBytes(location, context);
  if (free === undefined || !tooLittle(free, needed)) return;
  throw new AppError(
    'target.no-space',
    `The disk of ${describeLocation(location)} has ${mebibytes(free)} free; the copy needs ${mebibytes(needed)} and room beside it.`,
    {
      hint: 'Drop checkpoints (belay checkpoint list) or old copies (belay undo --list), or make room.',
      details: { free, needed },
    },
  );
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / (1 << 20))} MiB`;
}
