import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import type { EndpointFacts } from '../containers/endpoint.ts';
import type { EngineState, Patience } from '../containers/engine.ts';
import type { Owner } from '../containers/owner.ts';
import { isCancelled } from '../base/errors.ts';
import type { Clock, Log, Random } from '../base/ports.ts';

/** In whose name a host makes throw-away instances: its data directory, and this run. */
export function ownerOf(home: string, ports: { readonly random: Random }): Owner {
  return {
    // Not by a file in it: a copied data directory would take the other's instances for its own.
    installation: createHash('sha256')
      .update(['belay installation', hostname(), home, String(process.getuid?.())].join('\n'))
      .digest('hex')
      .slice(0, 32),
    run: Buffer.from(ports.random.bytes(8)).toString('hex'),
  };
}

/** Lies in a data directory whose host has ever asked for the container engine: others are not asked what they left there. */
const usedName = 'containers-used';

/**
 * The container engine of this machine, looked for at each call by the environment of the host, whoever asks it. What speaks with it is loaded at
 * first need.
 */
export function machineEngine(home: string, log: Log): (signal: AbortSignal, patience?: Patience) => Promise<EngineState> {
  return async (signal, patience) => {
    await noteUse(home, log);
    const { findEngine } = await import('../containers/engine.ts');
    return findEngine(machineFacts(), signal, patience);
  };
}

async function noteUse(home: string, log: Log): Promise<void> {
  const path = join(home, usedName);
  if (existsSync(path)) return;
  try {
    await (await open(path, 'a', 0o600)).close();
  } catch (error) {
    log.warn('that containers are used could not be noted: what a killed host leaves in them is removed later', { error });
  }
}

function machineFacts(): EndpointFacts {
  return { env: process.env, platform: process.platform, userHome: homedir(), uid: process.getuid?.() };
}

/**
 * Removes what throw-away instances an earlier run of this installation left, in the background. The returned function ends the look for them and
 * resolves when nothing is under way any more. Quiet where no engine answers.
 */
export function reapInBackground(
  home: string,
  find: (signal: AbortSignal) => Promise<EngineState>,
  owner: Owner,
  ports: { readonly clock: Clock; readonly log: Log },
): () => Promise<void> {
  if (!existsSync(join(home, usedName))) return () => Promise.resolve();
  const stop = new AbortController();
  const looked = Promise.withResolvers<boolean>();
  const work = async (): Promise<void> => {
    const found = await find(stop.signal);
    looked.resolve(found.state === 'answers');
    if (found.state !== 'answers') return;
    const { reap } = await import('../containers/reap.ts');
    const removed = await reap(found.engine, owner, ports, stop.signal);
    if (removed.containers + removed.volumes + removed.networks > 0) ports.log.info('throw-away instances of an earlier run were removed', { ...removed });
  };
  const ended = work().catch((error: unknown) => {
    if (!isCancelled(error)) ports.log.warn('throw-away instances of an earlier run could not be looked for', { error });
  });
  return async () => {
    // An engine is given a moment to answer, and what is being removed a longer one: else commands that are quick would leave it for ever.
    const answers = await Promise.race([looked.promise, ended.then(() => false), after(lookMs, false)]);
    if (answers) await Promise.race([ended, after(leaveMs, undefined)]);
    stop.abort();
    await ended;
  };
}

const lookMs = 2_000;
const leaveMs = 10_000;

function after<T>(ms: number, value: T): Promise<T> {
  return new Promise((resolve) => setTimeout(() => resolve(value), ms).unref());
}
