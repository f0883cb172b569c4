import { connect } from 'node:net';
import { once } from 'node:events';
import { silentLog, systemClock, systemRandom } from '../../electron/core/base/system.ts';
import { connectOrHost, hostAlone } from '../../electron/host/connect.ts';
import type { Host } from '../../electron/host/host.ts';
import { readLock } from '../../electron/host/lock.ts';
import { memoryChannels } from '../../electron/host/wire/memory-channel.ts';
import { LARGEST_FROM_HOST } from '../../electron/contract/wire.ts';
import { socketChannel } from '../../electron/host/wire/socket-channel.ts';
import type { FakeBelay } from '../helpers/fake-belay.ts';
import { temporaryFolder } from '../helpers/world.ts';
import { transportSuite } from './transport-suite.ts';
import type { Transport } from './transport-suite.ts';

const version = '1.2.3-test';
const ports = { clock: systemClock, random: systemRandom, log: silentLog };

async function startHost(belay: FakeBelay): Promise<AsyncDisposable & { readonly host: Host; readonly home: string }> {
  const folder = await temporaryFolder();
  const host = await hostAlone({ home: folder.path, version, startedBy: 'serve', createBelay: () => Promise.resolve(belay), ports });
  return {
    host,
    home: folder.path,
    async [Symbol.asyncDispose]() {
      await host.close('the test is over');
      await folder[Symbol.asyncDispose]();
    },
  };
}

function common(at: Awaited<ReturnType<typeof startHost>>): Pick<Transport, 'version' | 'clients' | 'closeHost' | typeof Symbol.asyncDispose> {
  return { version, clients: () => at.host.clients(), closeHost: (reason) => at.host.close(reason), [Symbol.asyncDispose]: () => at[Symbol.asyncDispose]() };
}

transportSuite('in process', async (belay) => {
  const at = await startHost(belay);
  return {
    ...common(at),
    token: 'shown',
    connect: () => at.host.client('command'),
    raw: () => {
      const [near, far] = memoryChannels();
      at.host.serve(far, 'shown');
      return Promise.resolve(near);
    },
  };
});

transportSuite('private socket', async (belay) => {
  const at = await startHost(belay);
  const lock = await readLock(at.home);
  return {
    ...common(at),
    token: lock?.token,
    connect: async () => {
      const { client, host } = await connectOrHost({
        home: at.home,
        version,
        startedBy: 'command',
        createBelay: () => Promise.reject(new Error('a second host')),
        ports,
      });
      if (host !== undefined) throw new Error('a second host');
      return client;
    },
    raw: async () => {
      const socket = connect(lock?.socket ?? '');
      await once(socket, 'connect');
      return socketChannel(socket, LARGEST_FROM_HOST);
    },
  };
});
