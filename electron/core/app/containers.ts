import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import type { EngineState } from '../containers/engine.ts';
import type { Owner } from '../containers/owner.ts';
import { reap } from '../containers/reap.ts';
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

/**
 * Removes what throw-away instances an earlier run of this installation left, in the background. The returned function ends the look for them and
 * resolves when nothing is under way any more. Quiet where no engine answers.
 */
export function reapInBackground(
  find: (signal: AbortSignal) => Promise<EngineState>,
  owner: Owner,
  ports: { readonly clock: Clock; readonly log: Log },
): () => Promise<void> {
  const stop = new AbortController();
  let removing = false;
  const work = async (): Promise<void> => {
    const found = await find(stop.signal);
    if (found.state !== 'answers') return;
    removing = true;
    const removed = await reap(found.engine, owner, ports, stop.signal);
    if (removed.containers + removed.volumes + removed.networks > 0) ports.log.info('throw-away instances of an earlier run were removed', { ...removed });
  };
  const ended = work().catch((error: unknown) => {
    if (!isCancelled(error)) ports.log.warn('throw-away instances of an earlier run could not be looked for', { error });
  });
  return async () => {
    // What is being removed is given a moment, so that short commands come to an end with it too.
    if (removing) await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, leaveMs).unref())]);
    stop.abort();
    await ended;
  };
}

const leaveMs = 10_000;
