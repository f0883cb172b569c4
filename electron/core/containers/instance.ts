import { connect } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import { z } from 'zod';
import { AppError, CancelledError, throwIfCancelled } from '../base/errors.ts';
import type { Clock, Random } from '../base/ports.ts';
import { segment } from './api.ts';
import type { Engine } from './engine.ts';
import { startExec } from './exec.ts';
import { hostConfig } from './lockdown.ts';
import type { Capability, InstanceFolder, InstanceLimits, InstanceNetwork } from './lockdown.ts';
import { lastLog } from './log.ts';
import { addressOf, isIn, makeNetwork, publishes, reachedBy } from './network.ts';
import type { InstanceAddress } from './network.ts';
import { labelsOf, markOf } from './owner.ts';
import type { Owner, OwnerMark } from './owner.ts';
import { containerMissing, engineError, wasRefused } from './reply.ts';

export interface InstanceSpec {
  /** What it is for, part of its name: `drill`, `browse`. Letters, digits and dashes. */
  readonly purpose: string;
  /** An image that is there, best the very one of the source's container (`imageId`). It is never pulled. */
  readonly image: string;
  readonly command?: readonly string[];
  /** By default the image's own. */
  readonly entrypoint?: readonly string[];
  readonly user?: string;
  /** Visible to everybody who may speak with the engine: never a secret that is of use elsewhere. */
  readonly env: Readonly<Record<string, string>>;
  readonly network: InstanceNetwork;
  readonly folders: readonly InstanceFolder[];
  readonly capabilities?: readonly Capability[];
  readonly limits: InstanceLimits;
}

export type Readiness =
  /**
   * A program in the instance that ends with 0 once the server takes work. It must ask in a way that the server of the image's set-up does
   * not answer: PostgreSQL's official image runs one on the socket first, and ends it, so ask 127.0.0.1.
   */
  | { readonly kind: 'exec'; readonly argv: readonly [string, ...string[]]; readonly user?: string }
  /** The port takes connections. Only with a network. */
  | { readonly kind: 'port' };

export interface Fate {
  /** In words, for the end of a sentence that begins with the instance. */
  readonly statement: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** A throw-away instance. Leaving its scope removes it with all that it held. */
export interface Instance extends AsyncDisposable {
  readonly id: string;
  readonly name: string;
  /** Random, and known to this instance's container alone (`BELAY_NONCE` in its environment, a label on it). */
  readonly nonce: string;
  /** Where the server is reached from this machine; undefined without a network, or before it is ready. */
  address(): Promise<InstanceAddress | undefined>;
  /**
   * Throws `target.denied` unless the engine still knows this very container as ours, running, with the nonce and cut off as it was made.
   * To be awaited before the first byte is written to it, and again after every pause.
   */
  assertOurs(signal: AbortSignal): Promise<void>;
  /** Resolves when the server takes work. Throws `tool.failed` where it ended, with how, or was not ready in time. */
  ready(readiness: Readiness, withinMs: number, signal: AbortSignal): Promise<void>;
  /** How it ended, with its last words; undefined while it runs and was not short of memory. Never throws for an engine that is gone. */
  fate(): Promise<Fate | undefined>;
  /** Resolves when the container, its volumes and its network are gone; again does nothing. Not cancelled by anything. */
  remove(): Promise<void>;
}

export interface InstancePorts {
  readonly random: Random;
  readonly clock: Clock;
}

const createdSchema = z.object({ Id: z.string(), Warnings: z.array(z.string()).nullish() });
const stateSchema = z.object({
  Id: z.string(),
  State: z.object({ Running: z.boolean(), ExitCode: z.number(), OOMKilled: z.boolean().nullish() }),
  Config: z.object({ Labels: z.record(z.string(), z.string()).nullish(), Env: z.array(z.string()).nullish() }),
  HostConfig: z.object({
    NetworkMode: z.string(),
    Privileged: z.boolean(),
    ReadonlyRootfs: z.boolean(),
    Memory: z.number(),
    PidsLimit: z.number().nullish(),
    Binds: z.array(z.string()).nullish(),
  }),
  Mounts: z.array(z.object({ Type: z.string() })).nullish(),
  NetworkSettings: reachedBy,
});

type State = z.infer<typeof stateSchema>;

const firstProbeMs = 50;
const mostProbeMs = 500;

/**
 * Makes and starts a throw-away instance of an image, locked down as `hostConfig` says, with `owner`'s labels and a fresh nonce. Throws
 * `tool.missing` where the image is not there: nothing is pulled. What was made is removed again where a later step fails; where even
 * that is prevented (a kill, an engine that dies), `reap` removes it at the next start.
 */
export async function startInstance(engine: Engine, spec: InstanceSpec, owner: Owner, ports: InstancePorts, signal: AbortSignal): Promise<Instance> {
  throwIfCancelled(signal);
  const nonce = Buffer.from(ports.random.bytes(16)).toString('hex');
  const mark: OwnerMark = { installation: owner.installation, run: owner.run, nonce, until: Math.ceil(ports.clock.now() + spec.limits.lifetime) };
  const labels = labelsOf(mark);
  const name = `belay-${/^[a-z0-9-]{1,30}$/.test(spec.purpose) ? spec.purpose : 'instance'}-${nonce.slice(0, 12)}`;
  const networkName = spec.network.kind === 'none' ? undefined : name;
  const { network, folders, capabilities = [], limits } = spec;
  const host = hostConfig({ network, networkName, published: publishes(engine), folders, capabilities, limits, labels });
  const undo = (): Promise<void> => removeAll(engine, name, networkName);
  try {
    if (networkName !== undefined) await makeNetwork(engine, networkName, labels, signal);
    const { Id: id } = await engine.api.json(
      {
        method: 'POST',
        path: '/containers/create',
        query: { name },
        body: {
          Image: spec.image,
          ...(spec.command === undefined ? {} : { Cmd: spec.command }),
          ...(spec.entrypoint === undefined ? {} : { Entrypoint: spec.entrypoint }),
          ...(spec.user === undefined ? {} : { User: spec.user }),
          Env: [...Object.entries(spec.env).map(([key, value]) => `${key}=${value}`), `BELAY_NONCE=${nonce}`],
          Labels: labels,
          ...(spec.network.kind === 'none' ? {} : { ExposedPorts: { [`${String(spec.network.port)}/tcp`]: {} } }),
          // Podman asks politely first, for ten seconds.
          StopTimeout: 0,
          HostConfig: host,
        },
        signal,
      },
      createdSchema,
    );
    await engine.api.done({ method: 'POST', path: `/containers/${segment(id)}/start`, signal });
    return instance({ engine, id, name, mark, networkName, spec, ports });
  } catch (error) {
    await undo();
    if (wasRefused(error, 404))
      throw new AppError('tool.missing', `The image ${spec.image} is not on this machine.`, {
        hint: `Fetch it, then try again: docker pull ${spec.image}`,
        details: { image: spec.image },
        cause: error,
      });
    throw engineError(error, 'start a throw-away instance');
  }
}

async function removeAll(engine: Engine, container: string, network: string | undefined): Promise<void> {
  // Whoever cancelled, it must go.
  const signal = new AbortController().signal;
  try {
    await removeOne(engine, `/containers/${segment(container)}`, { force: 'true', v: 'true' }, signal);
    if (network !== undefined) await removeOne(engine, `/networks/${segment(network)}`, {}, signal);
  } catch (error) {
    throw engineError(error, `remove the throw-away instance ${container}`);
  }
}

async function removeOne(engine: Engine, path: string, query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
  for (let wait = firstProbeMs; ; wait *= 2) {
    try {
      await engine.api.done({ method: 'DELETE', path, query, signal });
    } catch (error) {
      if (wasRefused(error, 404)) return;
      // Being removed by another, a network whose container is just leaving it, or a file system that something still looks into.
      if (!wasRefused(error, 409, 403, 500) || wait > 5000) throw error;
    }
    await after(wait);
  }
}

interface Made {
  readonly engine: Engine;
  readonly id: string;
  readonly name: string;
  readonly mark: OwnerMark;
  readonly networkName: string | undefined;
  readonly spec: InstanceSpec;
  readonly ports: InstancePorts;
}

function instance(made: Made): Instance {
  const { engine, id, name, mark, spec } = made;
  let removed: Promise<void> | undefined;
  const remove = (): Promise<void> => {
    removed ??= removeAll(engine, id, made.networkName).catch((error: unknown) => {
      removed = undefined;
      throw error;
    });
    return removed;
  };
  const address = async (): ReturnType<Instance['address']> => {
    if (spec.network.kind === 'none') return undefined;
    const found = await stateOf(made, new AbortController().signal);
    return addressOf(engine, found.NetworkSettings, name, spec.network.port);
  };
  return {
    id,
    name,
    nonce: mark.nonce,
    address,
    assertOurs: async (signal) => assertOurs(await stateOf(made, signal), made),
    ready: (readiness, withinMs, signal) => ready(made, address, readiness, withinMs, signal),
    fate: () => fate(made),
    remove,
    [Symbol.asyncDispose]: remove,
  };
}

async function stateOf(made: Made, signal: AbortSignal): Promise<State> {
  try {
    return await made.engine.api.json({ method: 'GET', path: `/containers/${segment(made.id)}/json`, signal }, stateSchema);
  } catch (error) {
    throw wasRefused(error, 404) ? containerMissing(made.name, error) : engineError(error, `describe the throw-away instance ${made.name}`);
  }
}

async function fate(made: Made): Promise<Fate | undefined> {
  try {
    const { State: state } = await stateOf(made, new AbortController().signal);
    const memory = state.OOMKilled === true;
    if (state.Running && !memory) return undefined;
    const statement = memory ? 'took more memory than it was given' : `ended with ${String(state.ExitCode)}`;
    return { statement, details: { exitCode: state.ExitCode, outOfMemory: memory, log: await lastLog(made.engine, made.id) } };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return {
      statement: error.code === 'source.missing' ? 'was removed' : 'cannot be asked: the container engine does not answer',
      details: { code: error.code },
    };
  }
}

function assertOurs(found: State, { engine, id, name, mark, networkName, spec }: Made): void {
  const seen = markOf(found.Config.Labels ?? {});
  const ours = seen !== undefined && seen.nonce === mark.nonce && seen.installation === mark.installation && seen.run === mark.run;
  const host = found.HostConfig;
  const cutOff =
    isIn(engine, host.NetworkMode, found.NetworkSettings, networkName) &&
    !host.Privileged &&
    host.ReadonlyRootfs &&
    // Podman names its volumes there too, never by a path.
    (host.Binds ?? []).every((bind) => engine.product === 'podman' && !bind.startsWith('/')) &&
    (found.Mounts ?? []).every(({ Type }) => Type === 'volume' || Type === 'tmpfs') &&
    host.Memory === spec.limits.memory &&
    host.PidsLimit === spec.limits.processes;
  const nonceInside = (found.Config.Env ?? []).includes(`BELAY_NONCE=${mark.nonce}`);
  if (found.Id === id && ours && cutOff && nonceInside && found.State.Running) return;
  throw new AppError('target.denied', `The container ${name} is not the throw-away instance that was made: nothing is written to it.`, {
    hint: 'Look at it with `docker inspect`; then try again, which makes a new one.',
    details: { container: id, ours, cutOff, nonceInside, running: found.State.Running },
  });
}

async function ready(made: Made, address: Instance['address'], readiness: Readiness, withinMs: number, signal: AbortSignal): Promise<void> {
  const { clock } = made.ports;
  const start = clock.monotonic();
  for (let wait = firstProbeMs; ; wait = Math.min(wait * 1.5, mostProbeMs)) {
    throwIfCancelled(signal);
    const found = await stateOf(made, signal);
    if (!found.State.Running) throw await notReady(made, found, 'ended before it was ready');
    const left = withinMs - (clock.monotonic() - start);
    if (left <= 0) throw await notReady(made, found, `was not ready within ${String(Math.round(withinMs / 1000))} seconds`);
    if (await answers(made, address, readiness, Math.max(left, 1), signal)) return;
    await after(wait, undefined, { signal }).catch(() => {
      throw new CancelledError();
    });
  }
}

async function answers(made: Made, address: Instance['address'], readiness: Readiness, withinMs: number, signal: AbortSignal): Promise<boolean> {
  if (readiness.kind === 'port') {
    const place = await address();
    return place !== undefined && (await takesConnections(place.host, place.port, withinMs));
  }
  const limit = AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(withinMs))]);
  try {
    const run = await startExec(
      made.engine,
      made.id,
      { argv: readiness.argv, keepStderr: 1024, signal: limit, ...(readiness.user === undefined ? {} : { user: readiness.user }) },
      made.ports,
    );
    run.stdin.end();
    run.stdout.resume();
    return (await run.end).exitCode === 0;
  } catch (error) {
    if (signal.aborted) throw new CancelledError();
    // It may be starting, or ending: the next look at its state says which.
    if (limit.aborted || (error instanceof AppError && (error.code === 'source.unreachable' || error.code === 'source.missing'))) return false;
    throw error;
  }
}

/** The engine's own forwarder takes every connection and closes it where no server is behind it yet. */
const heldMs = 250;

function takesConnections(host: string, port: number, withinMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: withinMs });
    const done = (answer: boolean): void => {
      clearTimeout(held);
      socket.destroy();
      resolve(answer);
    };
    let held: NodeJS.Timeout | undefined;
    socket.once('connect', () => {
      held = setTimeout(() => done(true), heldMs);
    });
    socket.once('data', () => done(true));
    for (const event of ['timeout', 'error', 'end', 'close']) socket.once(event, () => done(false));
  });
}

async function notReady(made: Made, found: State, how: string): Promise<AppError> {
  const memory = found.State.OOMKilled === true;
  return new AppError('tool.failed', `The server in the throw-away instance ${how}${memory ? ': it took more memory than it was given' : ''}.`, {
    hint: memory ? 'Give it more memory.' : 'Its last words are in the details.',
    details: { exitCode: found.State.ExitCode, outOfMemory: memory, log: await lastLog(made.engine, made.id) },
  });
}
