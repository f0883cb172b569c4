import { mkdir } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { AppError } from '../base/errors.ts';
import type { Engine, EngineContext } from '../engines/engine.ts';
import type { Repository, SnapshotRecord } from '../repository/repository.ts';
import { openContent } from '../snapshot/content.ts';
import type { Core } from './core.ts';

/**
 * `BACKUP_DIR` set means that a native dump is also put there after each snapshot. Returns warnings: a dump that cannot be
 * written never costs the snapshot, which is acknowledged already.
 */
export async function dumpAfterSnapshot(core: Core, repository: Repository, engine: Engine, record: SnapshotRecord, context: EngineContext): Promise<string[]> {
  const folder = core.environment.backupFolder;
  if (folder === undefined) return [];
  if (!isAbsolute(folder)) return [`BACKUP_DIR is not an absolute path, no dump was written: ${folder}`];
  const [format] = engine.capabilities.exportFormats;
  if (format === undefined) return [`${engine.title} has no native format to put into BACKUP_DIR`];
  const to = join(folder, `${fileSafe(record.source)}-${stamp(record.createdAt)}-${record.id.slice(0, 8)}${format}`);
  try {
    await mkdir(folder, { recursive: true });
    const content = await openContent(repository, engine, record, context.signal);
    await engine.exportNative(content, { format, to }, context);
    return [];
  } catch (error) {
    if (context.signal.aborted) throw error;
    const why = error instanceof AppError ? error.message : 'the folder cannot be written';
    return [`no native dump was put into BACKUP_DIR: ${why}`];
  }
}

/** A name that is a single path part on every system. */
export function fileSafe(name: string): string {
  const safe = name.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[.-]+/, '').slice(0, 60);
  return safe === '' ? 'database' : safe;
}

/** `20261120T021500Z`. */
function stamp(at: number): string {
  return new Date(at).toISOString().replaceAll(/[-:]/g, '').replace(/\.\d+/, '');
}
