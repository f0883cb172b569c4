import { join } from 'node:path';
import type { SnapshotSummary } from '../contract/model.ts';
import { isCancelled, makeFolders } from '../core/app/faces.ts';
import type { Context } from './context.ts';

/**
 * `BACKUP_DIR` of this command's environment: a native dump is also put there after each snapshot. Returns warnings; the
 * snapshot is acknowledged already and a dump that fails never costs it.
 */
export async function dumpToBackupFolder(context: Context, snapshot: SnapshotSummary): Promise<string[]> {
  const folder = context.world.env['BACKUP_DIR'];
  if (folder === undefined || folder === '') return [];
  const to = join(context.absolute(folder), dumpName(snapshot));
  try {
    // Not mkdir's own `recursive`: it never returns where a folder cannot be made and the system calls that a missing parent (/proc).
    await makeFolders(context.absolute(folder));
    await context.call('export', { snapshot: snapshot.id, to });
    return [];
  } catch (error) {
    if (isCancelled(error)) throw error;
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
