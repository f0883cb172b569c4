// Entry of the utility process that is the host of a data directory. Arguments: the data directory, Belay's version, the Node that runs
// what the host starts: Electron's own program runs no script.
import { keepMemoryOutOfCoreDumps, openHostLog, prepareHome, systemClock, systemRandom, toWireError } from '../../core/app/faces.ts';
import { hostAlone } from '../../host/connect.ts';
import { hostOrder } from './messages.ts';
import type { HostState } from './messages.ts';

const dumpsAreEmpty = keepMemoryOutOfCoreDumps();

/** The part of Electron's `process.parentPort` that is used. */
interface ParentPort {
  postMessage(message: HostState): void;
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): void;
}

const { parentPort } = process as NodeJS.Process & { readonly parentPort?: ParentPort };
const [home = '', version = '', node = ''] = process.argv.slice(2);
if (parentPort === undefined) throw new Error('This is started by the window.');
const passphraseFile = process.env['BELAY_SECRETS_PASSPHRASE_FILE'];
const abort = new AbortController();
let leave = (): void => abort.abort();
parentPort.on('message', ({ data }) => {
  if (hostOrder.safeParse(data).success) leave();
});

try {
  const real = await prepareHome(home);
  const hostLog = openHostLog(real);
  if (!dumpsAreEmpty) hostLog.log.info('core dumps of this process may hold its memory');
  const host = await hostAlone({
    home: real,
    version,
    startedBy: 'window',
    ports: { clock: systemClock, random: systemRandom, log: hostLog.log },
    signal: abort.signal,
    createBelay: async (facts) => {
      const { standardBelay } = await import('../../core/app/standard.ts');
      const secretsPassphraseFile = passphraseFile === undefined || passphraseFile === '' ? undefined : passphraseFile;
      return standardBelay({ home: real, version, node, secretsPassphraseFile, hostLog }, facts);
    },
  });
  leave = () => void host.close('the window was closed');
  parentPort.postMessage({ state: 'open' });
  await host.closed;
  await hostLog.log.flush();
  process.exit(0);
} catch (error) {
  parentPort.postMessage({ state: 'failed', error: toWireError(error) });
  process.exit(1);
}
