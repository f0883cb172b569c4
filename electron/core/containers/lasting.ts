import { createServer } from 'node:net';
import { posix } from 'node:path';
import { z } from 'zod';
import { AppError, isAppError } from '../base/errors.ts';
import { segment } from './api.ts';
import { readFileFrom, writeArchive } from './archive.ts';
import { findContainer } from './discovery.ts';
import type { Engine } from './engine.ts';
import { engineError, wasRefused } from './reply.ts';

/** A container that is made for somebody to keep: none of the labels of throw-away instances, so that nothing reaps it. */
export interface LastingSpec {
  readonly name: string;
  /** Says who made it, for `removeLasting`. */
  readonly id: string;
  /** One that is there; nothing is fetched. */
  readonly image: string;
  /** Never a secret: everybody who may speak with the engine sees it. */
  readonly env: Readonly<Record<string, string>>;
  /** The folder that lies on its volume. */
  readonly folder: string;
  /** Published on 127.0.0.1, at a port that stays the same. */
  readonly port: number;
  /** Of one line, in a file that its owner alone can read, before the container's program starts. */
  readonly secret: { readonly path: string; readonly owner: string; readonly text: string };
}

const madeLabel = 'belay.restored';
const created = z.object({ Id: z.string() });
const volumeOf = (name: string): string => `${name}-data`;

/** What of that name is there already, in words; undefined where a container of it can be made. */
export async function takenName(engine: Engine, name: string, signal: AbortSignal): Promise<string | undefined> {
  const there = async (path: string): Promise<boolean> => {
    try {
      await engine.api.done({ method: 'GET', path, signal });
      return true;
    } catch (error) {
      if (wasRefused(error, 404)) return false;
      throw engineError(error, 'look for a name');
    }
  };
  if (await there(`/containers/${segment(name)}/json`)) return `a container ${name}`;
  if (await there(`/volumes/${segment(volumeOf(name))}`)) return `a volume ${volumeOf(name)}`;
  return (await there(`/networks/${segment(name)}`)) ? `a network ${name}` : undefined;
}

/**
 * Makes and starts the container, with a volume and a network of its own, on which others may join it. Throws `target.exists` where the name is
 * taken. What was made before a failure is left to `removeLasting`.
 */
export async function startLasting(engine: Engine, spec: LastingSpec, signal: AbortSignal): Promise<void> {
  const { name } = spec;
  const taken = await takenName(engine, name, signal);
  if (taken !== undefined) throw nameTaken(taken);
  const Labels = { [madeLabel]: spec.id };
  try {
    await engine.api.done({ method: 'POST', path: '/networks/create', body: { Name: name, CheckDuplicate: true, Driver: 'bridge', Labels }, signal });
    await engine.api.done({ method: 'POST', path: '/volumes/create', body: { Name: volumeOf(name), Labels }, signal });
    const HostPort = engine.local ? String(await freePort()) : '';
    const exposed = `${String(spec.port)}/tcp`;
    const { Id } = await engine.api.json(
      {
        method: 'POST',
        path: '/containers/create',
        query: { name },
        body: {
          Image: spec.image,
          Env: Object.entries(spec.env).map(([key, value]) => `${key}=${value}`),
          Labels,
          ExposedPorts: { [exposed]: {} },
          HostConfig: {
            NetworkMode: name,
            PortBindings: { [exposed]: [{ HostIp: '127.0.0.1', HostPort }] },
            Mounts: [{ Type: 'volume', Source: volumeOf(name), Target: spec.folder }],
            RestartPolicy: { Name: 'unless-stopped' },
          },
        },
        signal,
      },
      created,
    );
    await putSecret(engine, Id, spec.secret, signal);
    await engine.api.done({ method: 'POST', path: `/containers/${segment(Id)}/start`, signal });
  } catch (error) {
    throw wasRefused(error, 409) ? nameTaken(`something named ${name}`, error) : engineError(error, `make the container ${name}`);
  }
}

export function nameTaken(what: string, cause?: unknown): AppError {
  return new AppError('target.exists', `There is ${what} already.`, { hint: 'Choose another name.', ...(cause === undefined ? {} : { cause }) });
}

async function putSecret(engine: Engine, container: string, { path, owner, text }: LastingSpec['secret'], signal: AbortSignal): Promise<void> {
  const users = (await readFileFrom(engine, container, '/etc/passwd', { most: 1 << 20, signal }))?.toString('utf8') ?? '';
  const [, , uid = '0', gid = '0'] =
    users
      .split('\n')
      .map((line) => line.split(':'))
      .find(([name]) => name === owner) ?? [];
  const body = Buffer.from(`${text}\n`);
  const entry = { name: posix.basename(path), kind: 'file' as const, mode: 0o600, uid: Number(uid), gid: Number(gid), bytes: body.length, body };
  await writeArchive(engine, container, posix.dirname(path), [entry], signal);
}

/** A port of this machine that nobody listens at now: one that the engine chose would be another one after each start. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** Whether the container of that name is the one that was made under that id. Throws what speaking with the engine throws. */
export async function isLasting(engine: Engine, name: string, id: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await findContainer(engine, name, signal)).labels[madeLabel] === id;
  } catch (error) {
    if (isAppError(error, 'source.missing')) return false;
    throw error;
  }
}

const labelled = z.object({ Labels: z.record(z.string(), z.string()).nullish() });

/** Removes what was made under that id, whole or in part: container, volume, network. What carries the name without it is not touched. */
export async function removeLasting(engine: Engine, name: string, id: string, signal: AbortSignal): Promise<void> {
  if (await isLasting(engine, name, id, signal)) await removeOne(engine, `/containers/${segment(name)}`, { force: 'true' }, signal);
  for (const path of [`/volumes/${segment(volumeOf(name))}`, `/networks/${segment(name)}`]) {
    try {
      const found = await engine.api.json({ method: 'GET', path, signal }, labelled);
      if (found.Labels?.[madeLabel] === id) await removeOne(engine, path, {}, signal);
    } catch (error) {
      if (!wasRefused(error, 404)) throw engineError(error, `remove what was made for ${name}`);
    }
  }
}

async function removeOne(engine: Engine, path: string, query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
  try {
    await engine.api.done({ method: 'DELETE', path, query, signal });
  } catch (error) {
    if (!wasRefused(error, 404)) throw engineError(error, 'remove a container that was made for a restore');
  }
}
