import { BugError, toWireError } from '../base/errors.ts';
import { isRequest, type AgentCall, type AgentReply, type AgentRequest } from './agent-message.ts';

export type AgentHandlers<Calls extends Record<keyof Calls, AgentCall>> = {
  readonly [K in keyof Calls]: (params: Calls[K]['params'], progress: (value: unknown) => void) => Promise<Calls[K]['result']> | Calls[K]['result'];
};

/**
 * The agent's side of the private channel: answers calls until the channel closes, then waits for the calls that still run
 * (which are expected to look at `process.connected`), calls `end` and ends the process. Calls may overlap where a handler
 * awaits. `wrap` gives errors of a driver their code.
 */
export function serveAgent<Calls extends Record<keyof Calls, AgentCall>>(
  handlers: AgentHandlers<Calls>,
  wrap: (error: unknown) => unknown,
  end: () => void,
): void {
  const running = new Set<Promise<void>>();
  const reply = (message: AgentReply): void => {
    if (process.connected) process.send?.(message);
  };
  const known = new Map(Object.entries<(params: never, progress: (value: unknown) => void) => unknown>(handlers));
  const answer = async ({ id, method, params }: AgentRequest): Promise<void> => {
    try {
      const handler = known.get(method);
      if (handler === undefined) throw new BugError(`no method ${method}`);
      // Parent and agent are one program of one version: the typed call on the other side is the check.
      const result = await handler(params as never, (progress) => reply({ id, kind: 'progress', progress }));
      reply({ id, kind: 'result', result });
    } catch (error) {
      reply({ id, kind: 'error', error: toWireError(wrap(error)) });
    }
  };
  process.on('message', (message: unknown) => {
    if (!isRequest(message)) return;
    const work = answer(message).finally(() => running.delete(work));
    running.add(work);
  });
  process.on('disconnect', () => {
    void Promise.allSettled(running).then(() => {
      end();
      process.exit(0);
    });
  });
}
