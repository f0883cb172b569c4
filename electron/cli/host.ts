import type { BelayClient } from '../contract/client.ts';
import type { Belay, HostFacts } from '../core/app/belay.ts';
import { AppError, prepareHome, silentLog, systemClock, systemRandom } from '../core/app/faces.ts';
import { connectOrHost } from '../host/connect.ts';
import type { Served } from './world.ts';

const ports = { clock: systemClock, random: systemRandom, log: silentLog };

/**
 * Attaches to the host of a data directory, or becomes it. Closing the client of a host that this process became resolves when
 * nobody else needs that host any more.
 */
export async function connect(home: string, version: string): Promise<BelayClient> {
  const owned = await prepareHome(home);
  const { client, host } = await connectOrHost({ home: owned, version, startedBy: 'command', createBelay: openCore(owned, version), ports });
  if (host === undefined) return client;
  return {
    call: (name, input, options) => client.call(name, input, options),
    subscribe: (name, listener) => client.subscribe(name, listener),
    closed: client.closed,
    close: async () => {
      await client.close();
      await host.lingerUntilIdle();
    },
  };
}

/** The core is loaded only where this process becomes the host. */
function openCore(home: string, version: string): (facts: HostFacts) => Promise<Belay> {
  return async (facts) => {
    const { standardBelay } = await import('../core/app/standard.ts');
    return standardBelay({ home, version })(facts);
  };
}

export async function serve(home: string, _options: { readonly port?: number }): Promise<Served> {
  throw new AppError('home.unusable', `There is no host for ${home} in this build.`);
}
