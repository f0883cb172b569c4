import { isBuiltin } from 'node:module';

/** Folders outside of the product, which may use any package that package.json names. */
const outside = ['test/', 'bench/', 'tools/', 'resources/'];

/** Packages and modules that only these places of the product may import. */
const onlyImporters: ReadonlyMap<string, readonly string[]> = new Map([
  ['better-sqlite3', ['electron/core/catalog/', 'electron/core/engines/sqlite/']],
  ['node:sqlite', []],
  ['node:child_process', ['electron/core/process/', 'belay']],
  ['dockerode', []],
  ['tar-stream', ['electron/core/containers/']],
  ['yaml', ['electron/core/sources/']],
  ['ws', ['electron/host/', 'electron/cli/']],
  ['commander', ['electron/cli/']],
  ['electron', ['electron/main/', 'electron/preload/']],
  ['pg', ['electron/core/engines/postgres/']],
  ['pg-copy-streams', ['electron/core/engines/postgres/']],
  ['mongodb', ['electron/core/engines/mongodb/']],
  ['ioredis', ['electron/core/engines/redis/']],
  ['@aws-sdk/client-s3', ['electron/core/repository/']],
  ['react', ['renderer/']],
  ['react-dom', ['renderer/main.tsx']],
  ['wouter', ['renderer/features/', 'renderer/app/']],
  ['@base-ui/react', ['renderer/ui/']],
  ['@tanstack/react-virtual', ['renderer/ui/']],
  ['@tanstack/react-query', ['renderer/api/']],
]);

/** `node:fs/promises` is `node:fs/promises`, `@scope/name/deep` is `@scope/name`, `fs` is `node:fs`. */
function packageOf(specifier: string): string {
  if (isBuiltin(specifier)) return specifier.startsWith('node:') ? specifier : `node:${specifier}`;
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

/** Why the file must not import the package; undefined where it may. */
export function forbiddenPackage(from: string, specifier: string): string | undefined {
  const name = packageOf(specifier);
  if (from.startsWith('electron/contract/') && name !== 'zod') return `electron/contract imports zod only, not ${name}`;
  if (from.startsWith('renderer/') && name.startsWith('node:')) return `renderer does not see ${name}`;
  if (outside.some((folder) => from.startsWith(folder))) return undefined;
  const importers = onlyImporters.get(name);
  if (importers === undefined || importers.some((place) => from.startsWith(place))) return undefined;
  return importers.length === 0 ? `nothing imports ${name}` : `only ${importers.join(', ')} import${importers.length === 1 ? 's' : ''} ${name}`;
}
