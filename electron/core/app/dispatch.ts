import { commands, isCommandName, type CommandInput, type CommandName, type CommandOutput, type CommandParsed } from '../../contract/commands.ts';
import { AppError, CancelledError, isCancelled, toWireError } from '../base/errors.ts';
import type { Belay } from './belay.ts';
import { parseInput } from './command-input.ts';
import type { Core } from './core.ts';
import type { Handler, Handlers } from './handlers/handlers.ts';
import { orders, type Order } from './orders.ts';

export type CallWithClient = Parameters<Belay['call']>[2];

/**
 * Checks the input against the command's schema, then runs its handler: jobs through the queue, the others at once and, where
 * their order says so, with an entry in the journal.
 */
export async function dispatch<N extends CommandName>(
  core: Core,
  handlers: Handlers<CommandName>,
  name: N,
  input: CommandInput<N>,
  options: CallWithClient,
): Promise<CommandOutput<N>> {
  if (!isCommandName(name))
    throw new AppError('transport.malformed', `There is no command ${String(name)}.`, { hint: 'The client is of another version than the host.' });
  const parsed = parseInput(name, input);
  registerSecrets(core, parsed);
  const order: Order<N> = orders[name];
  const handler: Handler<N> = handlers[name];
  if (commands[name].job) return runJob(core, name, parsed, order, handler, options);
  return runAtOnce(core, name, parsed, order, handler, options);
}

/** Fields that carry a secret, in inputs and outputs alike. */
const secretFields = ['passphrase', 'current', 'recoveryKey'];

/** From the moment that a secret reaches the host no log and no journal can show it. */
function registerSecrets(core: Core, fields: Readonly<Record<string, unknown>>): void {
  for (const field of secretFields) {
    const secret = fields[field];
    if (typeof secret === 'string' && secret !== '') core.redactor.register(secret);
  }
}

function runJob<N extends CommandName>(
  core: Core,
  name: N,
  input: CommandParsed<N>,
  order: Order<N>,
  handler: Handler<N>,
  options: CallWithClient,
): Promise<CommandOutput<N>> {
  const spec = {
    command: name,
    title: order.title?.(input) ?? name,
    client: options.client,
    exclusive: order.exclusive?.(input) ?? [],
    details: order.facts?.(input) ?? {},
    ...(order.journalled === undefined ? {} : { journalled: order.journalled }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    ...(options.onJob === undefined ? {} : { onJob: options.onJob }),
  };
  if (order.lasts?.(input) === true) options.onLasting?.();
  return core.queue.run(
    spec,
    async (task) => {
      const output = await handler(core, input, { client: options.client, signal: task.signal, progress: task.progress });
      registerSecrets(core, output);
      return output;
    },
    (output) => order.outcome?.(output, input) ?? {},
  );
}

async function runAtOnce<N extends CommandName>(
  core: Core,
  name: N,
  input: CommandParsed<N>,
  order: Order<N>,
  handler: Handler<N>,
  options: CallWithClient,
): Promise<CommandOutput<N>> {
  const abort = new AbortController();
  const onAbort = (): void => abort.abort(new CancelledError());
  if (options.signal?.aborted === true) onAbort();
  options.signal?.addEventListener('abort', onAbort, { once: true });
  const facts = { client: options.client, ...order.facts?.(input) };
  try {
    const output = await handler(core, input, { client: options.client, signal: abort.signal, progress: () => undefined });
    if (order.journalled === true) await core.journal.append({ what: name, result: 'done', details: { ...facts, ...order.outcome?.(output, input) } });
    return output;
  } catch (error) {
    if (order.journalled === true) {
      const { code, message } = toWireError(error);
      await core.journal.append({ what: name, result: isCancelled(error) ? 'cancelled' : 'failed', details: { ...facts, error: { code, message } } });
    }
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
  }
}
