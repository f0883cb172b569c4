import { posix } from 'node:path';
import { isAppError } from '../../../base/errors.ts';
import { listContainers, type ContainerRow } from '../../../containers/discovery.ts';
import { isLoopback } from '../../../containers/endpoint.ts';
import type { Engine } from '../../../containers/engine.ts';
import { findImage, imagesOf, type ImageRow } from '../../../containers/images.ts';
import type { EngineContext } from '../../engine.ts';
import type { PostgresLocation } from '../location.ts';
import { foundContainer } from '../session/reach.ts';

/** An image of which a throw-away server can be made. */
export interface FittingImage {
  readonly id: string;
  readonly name: string;
  /** A folder that a volume lies over, and that the server's user may write to. */
  readonly folder: string;
  /** True where it is the image of the source's own container. */
  readonly own: boolean;
}

/**
 * The image for a server of that major: the one of the source's own container, which need not run, else one that is on this machine. Nothing
 * is fetched. Undefined where there is none.
 */
export async function chooseImage(engine: Engine, location: PostgresLocation, major: number, context: EngineContext): Promise<FittingImage | undefined> {
  const { signal } = context;
  const own = await ownContainer(engine, location, context);
  const row = own === undefined ? undefined : await findImage(engine, own.imageId, signal);
  const fits = row === undefined ? undefined : fitting(row, major, own?.image);
  if (fits !== undefined) return { ...fits, own: true };
  for (const one of await imagesOf(engine, 'postgres', signal)) {
    const found = fitting(one, major, undefined);
    if (found !== undefined) return { ...found, own: false };
  }
  return undefined;
}

/** An image that may have tools. */
export type ToolImage = Pick<FittingImage, 'id' | 'name' | 'own'>;

const mostTried = 3;

/** Images that may have the tools of that major: of the source's own container, which need not run; unless only that is asked for, those that are made as the official one is. */
export async function toolImages(
  engine: Engine,
  location: PostgresLocation,
  major: number,
  onlyOwn: boolean,
  context: EngineContext,
): Promise<readonly ToolImage[]> {
  const { signal } = context;
  const own = await ownContainer(engine, location, context);
  const found: ToolImage[] = [];
  if (own !== undefined && (await findImage(engine, own.imageId, signal)) !== undefined) found.push({ id: own.imageId, name: own.image, own: true });
  if (onlyOwn) return found;
  const others = (await imagesOf(engine, 'postgres', signal)).filter((one) => one.id !== own?.imageId && majorOf(one) === major);
  return [...found, ...others.slice(0, mostTried).map((one) => ({ id: one.id, name: nameOf(one), own: false }))];
}

function majorOf({ env }: ImageRow): number | undefined {
  const said = env['PG_MAJOR'] ?? env['PG_VERSION'];
  return said === undefined ? undefined : Number.parseInt(said, 10);
}

function nameOf({ names, id }: ImageRow): string {
  return names[0] ?? id.slice(0, 19);
}

/** Made as the official image is: its major and its data folder stand in variables, the folder lies on a volume that the server's user owns. */
function fitting(row: ImageRow, major: number, called: string | undefined): Omit<FittingImage, 'own'> | undefined {
  const data = row.env['PGDATA'];
  if (data === undefined || majorOf(row) !== major) return undefined;
  const folder = row.volumes.find((volume) => data === volume || data.startsWith(`${posix.normalize(volume)}/`));
  return folder === undefined ? undefined : { id: row.id, name: called ?? nameOf(row), folder };
}

/** The container that the source names, else the one that publishes its port on this machine. */
async function ownContainer(engine: Engine, location: PostgresLocation, context: EngineContext): Promise<ContainerRow | undefined> {
  const { container, host, port } = location;
  if (container !== undefined) {
    try {
      return (await foundContainer(container, context)).row;
    } catch (error) {
      // It was removed: what was captured of it can be drilled all the same.
      if (isAppError(error, 'source.missing')) return undefined;
      throw error;
    }
  }
  if (host === undefined || !isLoopback(host) || !engine.local) return undefined;
  const rows = await listContainers(engine, context.signal);
  return rows.find((row) => row.state === 'running' && row.ports.some((one) => one.published?.port === port && one.protocol === 'tcp'));
}
