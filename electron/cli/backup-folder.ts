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
  const notes = retentionNotes(context.world.env);
  const to = join(context.absolute(folder), dumpName(snapshot));
  try {
    // Not mkdir's own `recursive`: it never returns where a folder cannot be made and the system calls that a missing parent (/proc).
    await makeFolders(context.absolute(folder));
    await context.call('export', { snapshot: snapshot.id, to });
    return notes;
  } catch (error) {
    if (isCancelled(error)) throw error;
    return [...notes, `no native dump was put into BACKUP_DIR: ${error instanceof Error ? error.message : String(error)}`];
  }
}

/** Variables of existing scripts that say after how many days dumps go. */
const retentionNames = ['BACKUP_RETENTION_DAYS', 'RETENTION_DAYS'] as const;

/**
 * What a script that sets a retention beside `BACKUP_DIR` must know: nobody removes these dumps. Nothing where either is not set.
 */
export function retentionNotes(env: Readonly<Record<string, string | undefined>>): string[] {
  const set = (name: string): boolean => (env[name] ?? '') !== '';
  const name = retentionNames.find(set);
  if (name === undefined || !set('BACKUP_DIR')) return [];
  return [
    `${name} is set and not honoured yet: nothing is removed because of its age, neither in BACKUP_DIR nor in the repository. Keep the script that removes old dumps`,
  ];
}

function dumpName(snapshot: SnapshotSummary): string {
  const source = snapshot.source
    .replaceAll(/[^\p{L}\p{N}._-]+/gu, '-')
    .replace(/^[.-]+/, '')
    .slice(0, 60);
  const stamp = new Date(snapshot.createdAt).toISOString().replaceAll(/[-:]/g, '').replace(/\.\d+/, '');
  return `${source === '' ? 'database' : source}-${stamp}-${snapshot.id.slice(0, 8)}${exportEnding(snapshot.engine)}`;
}

const endings: Readonly<Record<string, string>> = { sqlite: '.sqlite', postgres: '.dump' };

/** Of the format that an engine exports where none is named. */
export function exportEnding(engine: string): string {
  return endings[engine] ?? '';
}
