import { z } from 'zod';
import { throwIfCancelled } from '../base/errors.ts';
import { segment } from './api.ts';
import { shownVariables } from './discovery.ts';
import type { Engine } from './engine.ts';
import { imageName, kindOf } from './kind.ts';
import type { DatabaseKind } from './kind.ts';
import { engineError, wasRefused } from './reply.ts';

/** An image that is on the engine's machine. */
export interface ImageRow {
  readonly id: string;
  /** `postgres:15`; empty where it has lost its name to a newer one. */
  readonly names: readonly string[];
  /** Variables that are known to hold no secret. */
  readonly env: Readonly<Record<string, string>>;
  /** Folders that it wants on a volume. */
  readonly volumes: readonly string[];
}

const listed = z.array(z.object({ Id: z.string(), RepoTags: z.array(z.string()).nullish(), Created: z.number() }));
const inspected = z.object({
  Id: z.string(),
  RepoTags: z.array(z.string()).nullish(),
  Config: z.object({ Env: z.array(z.string()).nullish(), Volumes: z.record(z.string(), z.unknown()).nullish() }),
});

/** An image by its id or name; undefined where it is not there. */
export async function findImage(engine: Engine, image: string, signal: AbortSignal): Promise<ImageRow | undefined> {
  try {
    const found = await engine.api.json({ method: 'GET', path: `/images/${segment(image.replace(/^sha256:/, ''))}/json`, signal }, inspected);
    return {
      id: found.Id,
      names: found.RepoTags ?? [],
      env: Object.fromEntries(
        (found.Config.Env ?? [])
          .map((line) => [line.split('=', 1)[0] ?? '', line.slice(line.indexOf('=') + 1)] as const)
          .filter(([name]) => shownVariables.has(name)),
      ),
      volumes: Object.keys(found.Config.Volumes ?? {}),
    };
  } catch (error) {
    if (wasRefused(error, 404)) return undefined;
    throw engineError(error, 'describe an image');
  }
}

/** Images that are known by their names to serve such a database, those of the plain name first, then the newest. Nothing is fetched. */
export async function imagesOf(engine: Engine, kind: DatabaseKind, signal: AbortSignal): Promise<readonly ImageRow[]> {
  let all: z.infer<typeof listed>;
  try {
    all = await engine.api.json({ method: 'GET', path: '/images/json', signal }, listed);
  } catch (error) {
    throw engineError(error, 'list its images');
  }
  const known = all.filter(({ RepoTags }) => (RepoTags ?? []).some((image) => kindOf({ image, ports: [], envNames: [] }) === kind));
  const plain = (one: (typeof all)[number]): number => ((one.RepoTags ?? []).some((image) => imageName(image) === kind) ? 0 : 1);
  const rows: ImageRow[] = [];
  for (const { Id } of known.toSorted((a, b) => plain(a) - plain(b) || b.Created - a.Created)) {
    throwIfCancelled(signal);
    const row = await findImage(engine, Id, signal);
    if (row !== undefined) rows.push(row);
  }
  return rows;
}
