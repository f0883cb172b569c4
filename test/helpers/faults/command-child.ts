import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { BelayClient } from '../../../electron/contract/client.ts';
import { isAppError } from '../../../electron/core/base/errors.ts';
import { silentLog, systemClock, systemRandom } from '../../../electron/core/base/system.ts';
import { standardBelay } from '../../../electron/core/app/standard.ts';
import { connectOrHost } from '../../../electron/host/connect.ts';
import { commandOf } from './operations/commands.ts';
import type { Order, Reply } from './agent.ts';

/**
 * Performs the operations that it is told to, one a line of its standard input, each as a command that is its own host: opens the data
 * directory, does it, gives the directory back. Tells on descriptor 3 what was acknowledged at once, and how it ended.
 */
const tell = (reply: Reply): void => void writeSync(3, `${JSON.stringify(reply)}\n`);

async function perform(order: Order): Promise<void> {
  const { home } = order.place;
  const version = '0.1.0';
  const { client, host } = await connectOrHost({
    home,
    version,
    startedBy: 'command',
    createBelay: (facts) => standardBelay({ home, version }, facts),
    ports: { clock: systemClock, random: systemRandom, log: silentLog },
  });
  try {
    const telling: Pick<BelayClient, 'call'> = {
      call: async (name, input, options) => {
        const output = await client.call(name, input, options);
        tell({ kind: 'answered', what: name });
        return output;
      },
    };
    await commandOf(order.operation)({
      client: Object.assign(Object.create(client) as BelayClient, telling),
      ...order,
      acknowledge: (what) => tell({ kind: 'acknowledged', what }),
    });
  } finally {
    await client.close();
    await host?.lingerUntilIdle();
  }
}

tell({ kind: 'ready' });
for await (const line of createInterface({ input: process.stdin })) {
  try {
    await perform(JSON.parse(line) as Order);
    tell({ kind: 'done' });
  } catch (error) {
    const code = isAppError(error) ? error.code : 'none';
    const text =
      error instanceof Error ? `${error.message}, caused by ${String(error.cause)} ${String(error.stack?.split('\n').slice(1, 4).join(' '))}` : String(error);
    tell({ kind: 'failed', code, text, hint: isAppError(error) ? error.hint : undefined });
  }
}
process.exit(0);
