import type { EventName, EventPayload } from '../../contract/events.ts';
import type { Log } from '../base/ports.ts';

/** The host's events, typed by the contract's map. A failing listener never stops the others. */
export interface Events {
  emit<N extends EventName>(name: N, payload: EventPayload<N>): void;
  subscribe<N extends EventName>(name: N, listener: (payload: EventPayload<N>) => void): () => void;
}

type Listeners = { readonly [N in EventName]: Set<(payload: EventPayload<N>) => void> };

export function createEvents(log: Log): Events {
  const listeners: Listeners = {
    'job.changed': new Set(),
    'snapshots.changed': new Set(),
    'sources.changed': new Set(),
    'undo.changed': new Set(),
    'journal.appended': new Set(),
    'host.closing': new Set(),
  };
  const of = <N extends EventName>(name: N): Set<(payload: EventPayload<N>) => void> => listeners[name];
  return {
    emit: (name, payload) => {
      for (const listener of of(name)) {
        try {
          listener(payload);
        } catch (error) {
          log.error('a listener failed', { event: name, error });
        }
      }
    },
    subscribe: (name, listener) => {
      of(name).add(listener);
      return () => {
        of(name).delete(listener);
      };
    },
  };
}
