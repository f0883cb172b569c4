import { totalmem } from 'node:os';
import { AppError } from '../../../base/errors.ts';
import type { Engine } from '../../../containers/engine.ts';
import { startInstance, type Instance, type InstanceSpec } from '../../../containers/instance.ts';
import type { Owner } from '../../../containers/owner.ts';
import type { EngineContext } from '../../engine.ts';
import { toolsInContainer } from '../tools/container-tool.ts';
import { dial } from '../session/dial.ts';
import type { PostgresLocation } from '../location.ts';
import type { FoundTools, ReadyPlace, ServerWay, ToolPlace, Tools } from '../tools/tools.ts';
import { doorkeeper, keepDoors, readyFile, toolPort } from './doors.ts';
import { toolImages, type ToolImage } from './image.ts';

type ImagePlace = Extract<ToolPlace, { kind: 'image' }>;

export interface ImagesAsked {
  readonly location: PostgresLocation;
  readonly major: number;
  /** Missing where they are only to read files. */
  readonly server: ServerWay | undefined;
  /** Only the image of the source's own container. */
  readonly onlyOwn: boolean;
}

export interface ImagesFound {
  readonly found: readonly FoundTools[];
  /** What to do so that there are some, for a hint; undefined where containers are not used. */
  readonly why: string | undefined;
}

/**
 * The tools of that major in an image that is on this machine: that of the source's own container, else one that is made as the official image is. Nothing is
 * fetched. What an image has is found out in a throw-away container of it, once.
 */
export async function toolsInImages(owner: Owner | undefined, asked: ImagesAsked, context: EngineContext): Promise<ImagesFound> {
  const state = owner === undefined ? undefined : await context.containerEngine?.(context.signal, 'work');
  if (owner === undefined || state === undefined) return { found: [], why: undefined };
  const { major, location } = asked;
  if (state.state !== 'answers')
    return {
      found: [],
      why: `Or start Docker or Podman with an image of PostgreSQL ${major}, whose tools are run in a throw-away container: ${state.statement}`,
    };
  const { engine } = state;
  if (!engine.local && location.container === undefined)
    return { found: [], why: 'The container engine is on another machine: the tools of its images are not used for a server that is none of its containers.' };
  const pull = engine.product === 'podman' ? `podman pull docker.io/library/postgres:${major}` : `docker pull postgres:${major}`;
  let why = `Or fetch an image, whose tools are run in a throw-away container: ${pull}`;
  try {
    for (const image of await toolImages(engine, location, major, asked.onlyOwn, context)) {
      const place = { kind: 'image', engine, owner, image, server: asked.server } as const;
      try {
        const tools = await toolsOfImage(place, major, context);
        if (tools !== undefined) return { found: [tools], why };
        why = `The image ${image.name} has no pg_dump and pg_restore. ${why}`;
      } catch (error) {
        if (!(error instanceof AppError) || error.code === 'source.unreachable') throw error;
        why = `The image ${image.name} will not do: ${error.message} ${why}`;
      }
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    why = `The container engine could not be asked for an image: ${error.message}`;
  }
  return { found: [], why };
}

/** What was found out of images in this process. */
const known = new Map<string, Pick<FoundTools, 'version' | 'major' | 'minor'> & { readonly folder: string | undefined }>();

async function toolsOfImage(place: Omit<ImagePlace, 'folder'>, major: number, context: EngineContext): Promise<FoundTools | undefined> {
  const key = JSON.stringify([place.image.id, major, place.server === undefined]);
  let has = known.get(key);
  if (has === undefined) {
    await using instance = await startTools(place, context);
    const inside = await toolsInContainer(insideOf(instance, place), major, context);
    if (inside === undefined || inside.place.kind !== 'container') return undefined;
    has = { version: inside.version, major: inside.major, minor: inside.minor, folder: inside.place.folder };
    known.set(key, has);
  }
  const { folder, ...version } = has;
  return { ...version, place: { ...place, folder } };
}

function insideOf(
  instance: Instance,
  { engine, image }: { readonly engine: Engine; readonly image: ToolImage },
): Omit<Extract<ReadyPlace, { kind: 'container' }>, 'folder'> {
  return { kind: 'container', engine, id: instance.id, name: instance.name, server: { host: '127.0.0.1', port: toolPort }, image: image.name };
}

export interface OpenTools extends AsyncDisposable {
  readonly tools: Tools;
}

/** Makes tools ready to be run, in a throw-away container where they are in an image: it is gone when the scope is left. */
export async function openTools(found: FoundTools, context: EngineContext): Promise<OpenTools> {
  const { place, version, major, minor } = found;
  if (place.kind !== 'image') return { tools: { version, major, minor, place }, [Symbol.asyncDispose]: () => Promise.resolve() };
  const instance = await startTools(place, context);
  const { server, engine, folder } = place;
  const close = server === undefined ? undefined : keepDoors({ engine, row: instance }, () => dial(server, context), context);
  return {
    tools: { version, major, minor, place: { ...insideOf(instance, place), folder } },
    [Symbol.asyncDispose]: async () => {
      try {
        await removeQuietly(instance, context);
      } finally {
        close?.();
      }
    },
  };
}

/** What was done with it is done: what cannot be removed now is left to those who reap. */
async function removeQuietly(instance: Instance, context: EngineContext): Promise<void> {
  try {
    await instance.remove();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    context.log.warn('a throw-away container of tools could not be removed: the next start does it', { code: error.code });
  }
}

const readyMs = 60_000;
const lifetime = 24 * 3_600_000;
/** Of a shell that does not find the program. */
const noProgram = 127;

async function startTools(
  { engine, owner, image, server }: Pick<ImagePlace, 'engine' | 'owner' | 'image' | 'server'>,
  context: EngineContext,
): Promise<Instance> {
  const instance = await startInstance(engine, toolSpec(image, server !== undefined), owner, context, context.signal);
  try {
    await instance.ready({ kind: 'exec', argv: ['test', '-e', readyFile] }, readyMs, context.signal);
    await instance.assertOurs(context.signal);
    return instance;
  } catch (error) {
    await removeQuietly(instance, context);
    if (error instanceof AppError && error.details?.['exitCode'] === noProgram)
      throw new AppError('tool.missing', 'It has no perl, by which connections are handed on.', { cause: error });
    throw error;
  }
}

/** Without a network, a right, or anything of this machine: what its tools say to a server goes through Belay. */
function toolSpec(image: ToolImage, connects: boolean): InstanceSpec {
  const script = connects ? 'exec perl -e "$0"' : `: > ${readyFile}; while :; do sleep 3600; done`;
  return {
    purpose: 'tools',
    image: image.id,
    entrypoint: ['/bin/sh', '-c', script, connects ? doorkeeper : 'belay'],
    // A number that no user of any system has: who has it could read the password of a tool that runs.
    user: '65530:65530',
    env: { LC_ALL: 'C' },
    network: { kind: 'none' },
    // An archive lies there where several jobs read it.
    folders: [{ folder: '/tmp', on: 'disk' }],
    limits: { memory: Math.floor(Math.max(512 << 20, Math.min(2 ** 31, totalmem() / 4))), processes: 100, lifetime },
  };
}
