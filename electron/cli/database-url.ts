import { join, resolve } from 'node:path';

/**
 * The SQLite files that a `DATABASE_URL` may mean, best first; none where it names another engine or a database in memory.
 * `file:` paths are relative to `folder` or, as Prisma has it, to its `prisma` folder; `sqlite:///x` is relative and
 * `sqlite:////x` absolute, as SQLAlchemy has it.
 */
export function sqliteFilesOf(url: string | undefined, folder: string): readonly string[] {
  const match = /^(file|sqlite3?):(.*)$/is.exec(url ?? '');
  if (match === null) return [];
  const [, scheme = '', rest = ''] = match;
  const path = pathOf(scheme.toLowerCase(), rest.replace(/[?#].*$/s, ''));
  if (path === undefined || path === '' || path.includes(':memory:')) return [];
  const inFolder = resolve(folder, path);
  const inPrisma = resolve(join(folder, 'prisma'), path);
  return inFolder === inPrisma || scheme.toLowerCase() !== 'file' ? [inFolder] : [inFolder, inPrisma];
}

function pathOf(scheme: string, rest: string): string | undefined {
  const path = scheme === 'file' ? rest.replace(/^\/\/(?=\/)/, '') : rest.replace(/^\/\/\/?/, '');
  try {
    return decodeURIComponent(path);
  } catch (error) {
    if (error instanceof URIError) return path;
    throw error;
  }
}
