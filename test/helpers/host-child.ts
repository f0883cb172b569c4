import { createInterface } from 'node:readline';
import { silentLog, systemClock, systemRandom } from '../../electron/core/base/system.ts';
import { connectOrHost } from '../../electron/host/connect.ts';
import { fakeBelay } from './fake-belay.ts';

/**
 * A process that attaches to the host of a data directory or becomes it, says which, asks the host for its process number, and
 * ends when its standard input does: `host 12` or `client 12`, where 12 is the host's.
 */
const belay = fakeBelay({
  'sources.list': () => Promise.resolve({ sources: [{ name: String(process.pid), engine: 'sqlite', location: {}, environment: 'dev', addedAt: 1 }] }),
});
const { client, host } = await connectOrHost({
  home: process.argv[2] ?? '',
  version: '1.0.0',
  startedBy: 'command',
  createBelay: () => Promise.resolve(belay),
  ports: { clock: systemClock, random: systemRandom, log: silentLog },
});
const { sources } = await client.call('sources.list', {});
process.stdout.write(`${host === undefined ? 'client' : 'host'} ${sources[0]?.name ?? ''}\n`);
for await (const line of createInterface({ input: process.stdin })) if (line === 'go') break;
await client.close();
await host?.lingerUntilIdle();
process.stdout.write('ended\n');
process.exit(0);
