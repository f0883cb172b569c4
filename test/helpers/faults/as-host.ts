import { mkdirSync } from 'node:fs';
import type { BelayClient } from '../../../electron/contract/client.ts';
import { systemClock, systemRandom, silentLog } from '../../../electron/core/base/system.ts';
import { standardBelay } from '../../../electron/core/app/standard.ts';
import { connectOrHost } from '../../../electron/host/connect.ts';

/** Opens the data directory as the next command would, in this process, and gives it back. */
export async function asHost<T>(home: string, work: (client: BelayClient) => Promise<T>): Promise<T> {
  const version = '0.1.0';
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const ports = { clock: systemClock, random: systemRandom, log: silentLog };
  const { client, host } = await connectOrHost({
    home,
    version,
    startedBy: 'command',
    createBelay: (facts) => standardBelay({ home, version }, facts),
    ports,
  });
  try {
    return await work(client);
  } finally {
    await client.close();
    await host?.lingerUntilIdle();
  }
}
