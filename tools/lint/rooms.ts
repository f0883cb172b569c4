/** The rooms under electron/core in the order of their dependencies: each sees those before it. */
const rooms = [
  'base',
  'process',
  'containers',
  'sources',
  'engines',
  'repository',
  'catalog',
  'snapshot',
  'verify',
  'restore',
  'inspect',
  'policy',
  'lifecycle',
  'jobs',
  'app',
] as const;

/** What each part of the tree outside of electron/core may see of the others; itself always. */
const partsSeen: ReadonlyMap<string, readonly string[]> = new Map([
  ['electron/contract', []],
  ['electron/host', ['electron/contract', 'electron/core/app']],
  ['electron/cli', ['electron/contract', 'electron/core/app', 'electron/host']],
  ['electron/main', ['electron/contract', 'electron/core/app', 'electron/host']],
  ['electron/preload', ['electron/contract']],
  ['renderer', ['electron/contract']],
]);

/** Rooms that see less than those before them. */
const narrowRooms: ReadonlyMap<string, readonly string[]> = new Map([['repository', ['base']]]);

/** `electron/core/<room>`, `electron/<part>` or the first folder of a path relative to the checkout. */
function partOf(path: string): string {
  const parts = path.split('/');
  if (parts[0] !== 'electron') return parts[0] ?? '';
  return parts.slice(0, parts[1] === 'core' ? 3 : 2).join('/');
}

function roomOf(part: string): string | undefined {
  return part.startsWith('electron/core/') ? part.slice('electron/core/'.length) : undefined;
}

/** Why the file must not stand where it stands; undefined where it may. */
export function misplaced(path: string): string | undefined {
  const part = partOf(path);
  const folder = /^renderer\/([^/]+)\//.exec(path)?.[1];
  if (folder !== undefined && folder !== 'features' && !rendererSeen.has(folder)) return `renderer/${folder} is not a folder that the layers name`;
  if (!path.startsWith('electron/')) return undefined;
  const room = roomOf(part);
  if (room === undefined) return partsSeen.has(part) ? undefined : `${part} is not a part of the tree that the layers name`;
  return rooms.some((known) => known === room) ? undefined : `${part} is not a room that the layers name`;
}

/** Why `from` must not import `to` (both relative to the checkout); undefined where it may. */
export function forbidden(from: string, to: string): string | undefined {
  const [here, there] = [partOf(from), partOf(to)];
  if (!here.startsWith('electron/') && here !== 'renderer') return undefined;
  if (to === 'package.json' || to.startsWith('node_modules/.cache/') || to === 'dist/window') return undefined;
  if (here === there) return here === 'renderer' ? rendererCrossing(from, to) : crossesEngines(from, to) ? 'an engine sees no other engine' : undefined;
  const room = roomOf(here);
  if (room === undefined) return partsSeen.get(here)?.includes(there) === true ? undefined : `${here} does not see ${there}`;
  if (there === 'electron/contract') return undefined;
  const seen: readonly string[] =
    narrowRooms.get(room) ??
    rooms.slice(
      0,
      Math.max(
        0,
        rooms.findIndex((known) => known === room),
      ),
    );
  const target = roomOf(there);
  return target !== undefined && seen.includes(target) ? undefined : `${here} does not see ${there}`;
}

/** The folders of the renderer, each with those that it sees beside itself; a feature sees what features share, and no other one. */
const rendererSeen: ReadonlyMap<string, readonly string[]> = new Map([
  ['ui', []],
  ['api', []],
  ['features/shared', ['ui', 'api']],
  ['features', ['ui', 'api', 'features/shared']],
  ['app', ['ui', 'api', 'features/shared', 'features']],
]);

function rendererCrossing(from: string, to: string): string | undefined {
  const folder = (path: string) => /^renderer\/(features\/[^/]+|[^/]+)\//.exec(path)?.[1];
  const layer = (name: string) => (name.startsWith('features/') && name !== 'features/shared' ? 'features' : name);
  const [here, there] = [folder(from), folder(to)];
  // What stands beside the folders starts the page.
  if (here === undefined || here === there) return undefined;
  const seen = rendererSeen.get(layer(here)) ?? [];
  return there !== undefined && seen.includes(layer(there)) ? undefined : `renderer/${here} does not see ${there === undefined ? to : `renderer/${there}`}`;
}

/** Each folder under engines/ is one engine; files beside them are shared. */
function crossesEngines(from: string, to: string): boolean {
  const engine = (path: string) => /^electron\/core\/engines\/([^/]+)\//.exec(path)?.[1];
  const [here, there] = [engine(from), engine(to)];
  return here !== undefined && there !== undefined && here !== there;
}
