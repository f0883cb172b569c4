import { fileURLToPath } from 'node:url';
import type { BelayClient } from '../contract/client.ts';
import type { Belay, HostFacts } from '../core/app/belay.ts';
import { openHostLog, prepareHome, systemClock, systemRandom } from '../core/app/faces.ts';
import type { HostLog } from '../core/app/faces.ts';
import { connectOrHost, hostAlone } from '../host/connect.ts';
import type { HostPorts } from '../host/host.ts';
import type { Served } from './world.ts';

/** Where a checkout builds the window to (tools/lib/build.mjs). */
const builtWindow = fileURLToPath(new URL('../../dist/window', import.meta.url));

export interface HostedHome {
  readonly home: string;
  readonly version: string;
  readonly secretsPassphraseFile?: string | undefined;
}

/**
 * Attaches to the host of a data directory, or becomes it; aborting the signal ends the wait for another one. Closing the client of
 * a host that this process became resolves when nobody else needs that host any more.
 */
export async function connect(options: HostedHome, signal?: AbortSignal): Promise<BelayClient> {
  const home = await prepareHome(options.home);
  const { version } = options;
  const hostLog = openHostLog(home);
  const opening = connectOrHost({
    home,
    version,
    startedBy: 'command',
    createBelay: openCore({ ...options, home, hostLog }),
    ports: portsWith(hostLog),
    ...(signal === undefined ? {} : { signal }),
  });
  const { client, host } = await flushedAfter(hostLog, opening);
  if (host === undefined) return client;
  return {
    call: (name, input, options) => client.call(name, input, options),
    subscribe: (name, listener) => client.subscribe(name, listener),
    closed: client.closed,
    close: async () => {
      await client.close();
      await host.lingerUntilIdle();
      await hostLog.log.flush();
    },
  };
}

/** The work's outcome, once the log is written: of an opening that failed it may be all that is left. */
async function flushedAfter<T>({ log }: HostLog, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } finally {
    await log.flush();
  }
}

function portsWith({ log }: HostLog): HostPorts {
  return { clock: systemClock, random: systemRandom, log };
}

/** The core is loaded only where this process becomes the host. */
function openCore(options: HostedHome & { readonly hostLog: HostLog }): (facts: HostFacts) => Promise<Belay> {
  return async (facts) => {
    const { standardBelay } = await import('../core/app/standard.ts');
    return standardBelay(options, facts);
  };
}

/** Becomes the host of a data directory and serves it on loopback. Throws `home.in-use` where another process is the host. */
export async function serve(options: HostedHome, { signal, ...web }: { readonly port?: number; readonly signal: AbortSignal }): Promise<Served> {
  const home = await prepareHome(options.home);
  const { serveWeb } = await import('../host/web/server.ts');
  const hostLog = openHostLog(home);
  const ports = portsWith(hostLog);
  const createBelay = openCore({ ...options, home, hostLog });
  const host = await flushedAfter(hostLog, hostAlone({ home, version: options.version, startedBy: 'serve', createBelay, ports, signal }));
  try {
    const server = await serveWeb({ host, ports, window: builtWindow, ...web });
    return {
      address: server.address,
      closed: host.closed,
      close: async () => {
        // The host first: its clients are told why, and the web server ends with it.
        await host.close('it was asked to leave');
        await server.close();
        await hostLog.log.flush();
      },
    };
  } catch (error) {
    await host.close('the web server could not start');
    throw error;
  }
}
