import type { Belay } from '../../core/app/belay.ts';
import { toWireError } from '../../core/app/faces.ts';

export interface Health {
  /** `ok` where everything that is set up can be reached, `degraded` where something cannot. */
  readonly status: 'ok' | 'degraded';
  readonly version: string;
  readonly host: 'alive';
  /** Whether the lists can be read. */
  readonly catalog: 'reachable' | 'unreachable';
  readonly repository: 'reachable' | 'locked' | 'none' | 'unreachable';
  /** The error's code where something is unreachable; its words may hold names and paths. */
  readonly code?: string;
}

const LONGEST_MS = 3000;

/** What may be told to anyone on this machine: no names, no paths, no counts. Questions at the same time share one answer. */
export function healthOf(belay: Belay, version: string): () => Promise<Health> {
  let asking: Promise<Health> | undefined;
  const ask = async (): Promise<Health> => {
    const abort = AbortSignal.timeout(LONGEST_MS);
    const late = new Promise<never>((_, reject) => {
      abort.addEventListener('abort', () => reject(new DOMException('no answer in time', 'TimeoutError')));
    });
    try {
      const status = await Promise.race([belay.call('status', {}, { client: 'health', signal: abort }), late]);
      const repository = status.repository === undefined ? 'none' : status.locked ? 'locked' : 'reachable';
      return { status: 'ok', version, host: 'alive', catalog: 'reachable', repository };
    } catch (error) {
      const { code } = toWireError(error);
      const repository = code.startsWith('repository.') || code === 'bug' ? 'unreachable' : 'none';
      return { status: 'degraded', version, host: 'alive', catalog: code.startsWith('repository.') ? 'reachable' : 'unreachable', repository, code };
    }
  };
  return () =>
    (asking ??= ask().finally(() => {
      asking = undefined;
    }));
}
