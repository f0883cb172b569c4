import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { SnapshotSummary } from '../contract/model.ts';
import { isAppError, isCancelled } from '../core/app/faces.ts';
import type { Context } from './context.ts';

/**
 * `BACKUP_DIR` of this command's environment, where another process is the host and cannot see it: the native dump is asked
 * for here. Returns warnings; the snapshot is acknowledged already and a dump that fails never costs it.
 */
export async function dumpWhereAttached(context: Context, snapshot: SnapshotSummary): Promise<string[]> {
  const folder = context.world.env['BACKUP_DIR'];
  if (folder === undefined || folder === '') return [];
  const { host } = await context.call('status', {});
  if (host.pid === context.world.pid) return [];
  const to = join(context.absolute(folder), dumpName(snapshot));
  try {
    await mkdir(context.absolute(folder), { recursive: true });
    await context.call('export', { snapshot: snapshot.id, to });
    return [];
  } catch (error) {
    if (isCancelled(error)) throw error;
    // A host with the same BACKUP_DIR has written it already.
    if (isAppError(error, 'target.exists')) return [];
    return [`no native dump was put into BACKUP_DIR: ${error instanceof Error ? error.message : String(error)}`];
  }
}

function dumpName(snapshot: SnapshotSummary): string {
  const source = snapshot.source
    .replaceAll(/[^\p{L}\p{N}._-]+/gu, '-')
    .replace(/^[.-]+/, '')
    .slice(0, 60);
  const stamp = new Date(snapshot.createdAt).toISOString().replaceAll(/[-:]/g, '').replace(/\.\d+/, '');
  return `${source === '' ? 'database' : source}-${stamp}-${snapshot.id.slice(0, 8)}${endings[snapshot.engine] ?? ''}`;
}

const endings: Readonly<Record<string, string>> = { sqlite: '.sqlite' };
