import type { CommandInput, CommandName, CommandOutput } from '../../electron/contract/commands.ts';
import type { EventName, EventPayload } from '../../electron/contract/events.ts';
import type { Belay } from '../../electron/core/app/belay.ts';

type Options = Parameters<Belay['call']>[2];
type Handler<N extends CommandName> = (input: CommandInput<N>, options: Options) => Promise<CommandOutput<N>>;
type Handlers = { [N in CommandName]?: Handler<N> };

/** The port that a host serves, with handlers made by the test. Calls that run count as jobs. */
export interface FakeBelay extends Belay {
  readonly handlers: Handlers;
  emit<N extends EventName>(name: N, payload: EventPayload<N>): void;
  readonly closedWith: string[];
}

export function fakeBelay(handlers: Handlers = {}): FakeBelay {
  const listeners = new Set<{ readonly name: EventName; readonly take: (payload: never) => void }>();
  const running = new Set<AbortController>();
  const closedWith: string[] = [];
  const idle: (() => void)[] = [];
  const emit: FakeBelay['emit'] = (name, payload) => {
    for (const one of listeners) if (one.name === name) one.take(payload as never);
  };
  return {
    handlers,
    closedWith,
    emit,
    async call(name, input, options) {
      const handler: Handler<typeof name> | undefined = handlers[name];
      if (handler === undefined) throw new Error(`no handler for ${name}`);
      const abort = new AbortController();
      const onAbort = (): void => abort.abort();
      if (options.signal?.aborted === true) abort.abort();
      options.signal?.addEventListener('abort', onAbort, { once: true });
      running.add(abort);
      try {
        return await handler(input, { ...options, signal: abort.signal });
      } finally {
        running.delete(abort);
        if (running.size === 0) for (const resolve of idle.splice(0)) resolve();
        emit('job.changed', { job: { id: 'j1', command: name, title: name, state: 'done', createdAt: 1 } });
      }
    },
    subscribe(name, take) {
      const one = { name, take };
      listeners.add(one);
      return () => listeners.delete(one);
    },
    activeJobs: () => running.size,
    async close(reason) {
      closedWith.push(reason);
      emit('host.closing', { reason });
      for (const abort of running) abort.abort();
      if (running.size > 0) await new Promise<void>((resolve) => idle.push(resolve));
    },
  };
}

/** A handler that stands still until it is cancelled, then cleans up for as long as `cleaning` takes. */
export function untilCancelled(cleaning: Promise<void> = Promise.resolve()) {
  const started = Promise.withResolvers<Options>();
  const cancelled = Promise.withResolvers<void>();
  const handler = (_input: unknown, options: Options): Promise<never> => {
    started.resolve(options);
    return new Promise((_, reject) => {
      options.signal?.addEventListener('abort', () => {
        cancelled.resolve();
        void cleaning.then(() => reject(new DOMException('aborted', 'AbortError')));
      });
    });
  };
  return { handler, started: started.promise, cancelled: cancelled.promise };
}
