import { once } from 'node:events';
import { WebSocket } from 'ws';
import { silentLog, systemClock, systemRandom } from '../../electron/core/base/system.ts';
import { connectOver } from '../../electron/host/client.ts';
import { hostAlone } from '../../electron/host/connect.ts';
import { serveWeb } from '../../electron/host/web/server.ts';
import { webChannel } from '../../electron/host/wire/web-channel.ts';
import { temporaryFolder } from '../helpers/world.ts';
import { transportSuite } from './transport-suite.ts';

const version = '1.2.3-test';
const ports = { clock: systemClock, random: systemRandom, log: silentLog };

transportSuite('WebSocket', async (belay) => {
  const folder = await temporaryFolder();
  const host = await hostAlone({ home: folder.path, version, startedBy: 'serve', createBelay: () => Promise.resolve(belay), ports });
  const web = await serveWeb({ host, ports });
  const token = new URLSearchParams(new URL(web.address).hash.slice(1)).get('token') ?? '';
  const raw = async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${String(web.port)}/connection`, { perMessageDeflate: false, origin: `http://127.0.0.1:${String(web.port)}` });
    await once(socket, 'open');
    return webChannel(socket);
  };
  return {
    version,
    token,
    raw,
    connect: async () => connectOver(await raw(), { version, client: 'window', token, patience: 5000 }),
    clients: () => host.clients(),
    closeHost: (reason) => host.close(reason),
    async [Symbol.asyncDispose]() {
      await host.close('the test is over');
      await web.close();
      await folder[Symbol.asyncDispose]();
    },
  };
});
