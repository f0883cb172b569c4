import { readFile } from 'node:fs/promises';
import { unreadable } from '../base/named-file.ts';
import { systemClock, systemRandom } from '../base/system.ts';
import { createPostgresEngine } from '../engines/postgres/engine.ts';
import { createSqliteEngine } from '../engines/sqlite/engine.ts';
import { chooseSecretStore } from '../sources/secrets/choose.ts';
import { asFullDisk } from '../base/full-disk.ts';
import { keepReserve, reserveLender } from '../sources/reserve.ts';
import { openSettings } from '../sources/settings.ts';
import type { CommandName } from '../../contract/commands.ts';
import type { Belay, HostFacts } from './belay.ts';
import { machineEngine, ownerOf, reapInBackground } from './containers.ts';
import { createBelay, type BelayParts } from './create.ts';
import { openHostLog, type HostLog } from './host-log.ts';

export interface StandardOptions {
  /** The data directory, as `prepareHome` gave it. */
  readonly home: string;
  readonly version: string;
  /** `BELAY_SECRETS_PASSPHRASE_FILE`: a file whose first line opens the encrypted file of secrets. */
  readonly secretsPassphraseFile?: string | undefined;
  /** The Node that runs what is started beside this process; this process's own program where left out. */
  readonly node?: string;
  /** The log that the host writes to as well; opened here where it is left out. */
  readonly hostLog?: HostLog;
}

/**
 * What a host on this machine opens when it owns the data directory: every engine, the system's clock and randomness, the place
 * for secrets that the settings ask for, and a bounded log. Throws what `createBelay` and `chooseSecretStore` throw.
 */
export async function standardBelay(options: StandardOptions, host: HostFacts): Promise<Belay> {
  const { home } = options;
  const parts = await standardParts(options, host);
  const { log, containerEngine, owner } = parts;
  const belay = await createBelay(parts);
  const endReaping = reapInBackground(home, containerEngine, owner, { clock: systemClock, log });
  const lendReserve = reserveLender(home, { random: systemRandom, log });
  return {
    ...belay,
    call: async (name, input, call) => {
      try {
        return await (makesRoom.has(name) ? lendReserve(() => belay.call(name, input, call)) : belay.call(name, input, call));
      } catch (error) {
        throw asFullDisk(error, home);
      }
    },
    close: async (reason) => {
      await belay.close(reason);
      await endReaping();
      await keepReserve(home, { random: systemRandom, log });
      await log.flush();
    },
  };
}

type StandardParts = BelayParts & {
  readonly owner: ReturnType<typeof ownerOf>;
  readonly log: HostLog['log'];
  readonly containerEngine: ReturnType<typeof machineEngine>;
};

/** What `standardBelay` makes a core of: for who hands in another clock. */
export async function standardParts(options: StandardOptions, host: HostFacts): Promise<StandardParts> {
  const { home, version } = options;
  const { log, redactor } = options.hostLog ?? openHostLog(home);
  const { secrets: preference } = await openSettings(home, { random: systemRandom }).read();
  const passphrase = options.secretsPassphraseFile === undefined ? undefined : await firstLine(options.secretsPassphraseFile);
  const { store, notices } = await chooseSecretStore({
    home,
    preference,
    platform: process.platform,
    random: systemRandom,
    redactor,
    ...(passphrase === undefined ? {} : { passphrase }),
  });
  const owner = ownerOf(home, { random: systemRandom });
  return {
    home,
    version,
    clock: systemClock,
    random: systemRandom,
    log,
    redactor,
    secrets: store,
    secretNotices: notices,
    containerEngine: machineEngine(home, log),
    engines: [createSqliteEngine(options.node === undefined ? {} : { node: options.node }), createPostgresEngine({ owner })],
    host,
    owner,
  };
}

/**
 * Commands by which a user gets room on a full disk, or looks at what is there and takes it elsewhere; a host that was open before it filled
 * up lets them have the reserve. Not what a window asks for by itself: whoever fills the disk would have the reserve before the user comes.
 */
const makesRoom: ReadonlySet<CommandName> = new Set<CommandName>([
  'snapshot.forget',
  'repository.collect',
  'repository.check',
  'repository.repair',
  'restore.discard',
  'undo.discard',
  'checkpoint.drop',
  'catalog.rebuild',
  'snapshot.rows',
  'snapshot.verify',
  'file.verify',
  'source.compare',
  'diff.run',
  'diff.rows',
  'export',
]);

async function firstLine(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).split(/\r?\n/)[0] ?? '';
  } catch (error) {
    throw unreadable({ what: 'BELAY_SECRETS_PASSPHRASE_FILE', path, hint: 'Name a file whose first line is the passphrase.' }, error);
  }
}
