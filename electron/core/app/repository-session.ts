import { isAbsolute, join } from 'node:path';
import type { CommandOutput, CommandParsed } from '../../contract/commands.ts';
import { unlinkIfThere } from '../base/durable-file.ts';
import { AppError, isAppError } from '../base/errors.ts';
import type { SecretStore } from '../base/secrets.ts';
import type { Document } from '../sources/document.ts';
import type { Settings } from '../sources/settings.ts';
import { createRepository, repositoryExists } from '../repository/create.ts';
import { lookAtRepository, openRepository } from '../repository/open.ts';
import type { Repository, RepositoryInfo, Unlock } from '../repository/repository.ts';
import { readKeyFile, refuseExistingKeyFile, writeKeyFile } from './key-file.ts';

type Attached = NonNullable<Settings['repository']>;
type State = NonNullable<CommandOutput<'status'>['repository']>;

/** The data directory's one repository: found, unlocked and opened at first need, kept open until the host closes. */
export interface RepositorySession {
  /** What is known without a key; undefined where none was created. Throws where the folder cannot be read. */
  look(): Promise<{ readonly state: State; readonly locked: boolean } | undefined>;
  /** The open repository. Throws `home.not-initialised`, `repository.passphrase-needed`, and what opening throws. */
  current(): Promise<Repository>;
  /** The repository where it is open already. */
  opened(): Repository | undefined;
  /** The id of this data directory's repository; undefined where there is none. Opens nothing. */
  attachedId(): Promise<string | undefined>;
  /** The open repository where it can be opened without asking anyone; else undefined. */
  currentIfOpenable(): Promise<Repository | undefined>;
  init(input: CommandParsed<'repository.init'>): Promise<CommandOutput<'repository.init'>>;
  unlock(input: CommandParsed<'repository.unlock'>): Promise<CommandOutput<'repository.unlock'>>;
  /** Throws `repository.passphrase-wrong` where it opens no slot. */
  verifyPassphrase(passphrase: string): Promise<void>;
  /** A passphrase that is remembered here is remembered as it is now. */
  passphraseChanged(before: string, now: string): Promise<void>;
  close(): Promise<void>;
}

export interface SessionParts {
  readonly home: string;
  readonly secrets: SecretStore;
  readonly settings: Document<Settings>;
  readonly ports: Parameters<typeof openRepository>[2];
  readonly highWater: NonNullable<Parameters<typeof openRepository>[1]['highWater']>;
  readonly memory: NonNullable<Parameters<typeof openRepository>[1]['memory']>;
  /** Called once each time a repository was opened, before anyone uses it. */
  readonly opened: (repository: Repository) => Promise<void>;
}

export function createSession(parts: SessionParts): RepositorySession {
  const { secrets, settings } = parts;
  let opening: Promise<Repository> | undefined;
  let open: Repository | undefined;

  const openWith = async (location: string, unlock: Unlock): Promise<Repository> => {
    const repository = await openRepository(location, { unlock, highWater: parts.highWater, memory: parts.memory }, parts.ports);
    try {
      await parts.opened(repository);
      return repository;
    } catch (error) {
      await repository.close();
      throw error;
    }
  };

  /** A failed opening is forgotten, so that the next call tries again. */
  const keep = (attempt: Promise<Repository>): Promise<Repository> => {
    opening = attempt;
    open = undefined;
    attempt.then(
      (repository) => {
        if (opening === attempt) open = repository;
      },
      () => {
        if (opening === attempt) opening = undefined;
      },
    );
    return attempt;
  };

  const located = async (): Promise<Attached> => {
    const { repository } = await settings.read();
    if (repository !== undefined) return repository;
    throw new AppError('home.not-initialised', 'There is no repository yet.', { hint: 'Create one: belay init' });
  };

  const attachTo = async (repository: Attached): Promise<void> => {
    await settings.update((now) => ({ ...now, repository }));
  };

  const openAlone = async (): Promise<Repository> => {
    const { location, id, keyFile } = await located();
    const found = await lookAtRepository(location, parts.ports);
    refuseOther(found, id);
    if (found.protection === 'none') return openWith(location, { kind: 'none' });
    const remembered = await secrets.get(passphraseHandle(found.id));
    const ways: readonly { readonly what: string; readonly unlock: () => Promise<Unlock> }[] = [
      ...(remembered === undefined
        ? []
        : [{ what: 'the remembered passphrase', unlock: () => Promise.resolve<Unlock>({ kind: 'passphrase', passphrase: remembered }) }]),
      ...(keyFile === undefined
        ? []
        : [{ what: `the key file ${keyFile}`, unlock: async (): Promise<Unlock> => ({ kind: 'keyfile', key: await readKeyFile(keyFile) }) }]),
    ];
    const refused: string[] = [];
    for (const { what, unlock } of ways) {
      try {
        return await openWith(location, await unlock());
      } catch (error) {
        if (!isAppError(error) || !useless.has(error.code)) throw error;
        refused.push(what);
      }
    }
    const tried = refused.length === 0 ? '' : ` ${refused.join(' and ')} cannot open it any more.`;
    throw new AppError('repository.passphrase-needed', `The repository ${location} is protected.${tried}`, {
      hint: 'Give its passphrase when asked, in the file that BELAY_PASSPHRASE_FILE names, or a key file with --key-file.',
      details: { refused },
    });
  };

  const remember = async (id: string, passphrase: string | undefined, wanted: boolean): Promise<string | undefined> => {
    if (!wanted || passphrase === undefined) return undefined;
    await secrets.set(passphraseHandle(id), passphrase);
    return secrets.lasting ? secrets.description : undefined;
  };

  /** The repository where it is open: the key is tried on it, and jobs that use it go on. Throws `repository.passphrase-wrong`. */
  const openAlready = async (location: string, unlock: Unlock): Promise<Repository | undefined> => {
    if (opening === undefined) return undefined;
    const [tried] = await Promise.allSettled([opening]);
    if (tried.status === 'rejected') return undefined;
    if (tried.value.info.protection === 'keys') await (await openRepository(location, { unlock }, parts.ports)).close();
    return tried.value;
  };

  const release = async (): Promise<void> => {
    const before = opening;
    opening = undefined;
    open = undefined;
    if (before === undefined) return;
    const [ended] = await Promise.allSettled([before]);
    if (ended.status === 'fulfilled') await ended.value.close();
  };

  /** Disks are mounted anew under a host that runs: one that could only be read when it was opened is opened again where it can be written by now. */
  const readOnlyNow = async (known: Repository): Promise<boolean> => {
    const found = await lookAtRepository(known.info.location, parts.ports).catch(() => known.info);
    if (known.info.readOnly && !found.readOnly && open === known) {
      // Not closed: what reads through it goes on, and nothing ever wrote through it.
      opening = undefined;
      open = undefined;
    }
    return found.readOnly;
  };

  const session: RepositorySession = {
    look: async () => {
      const { repository: attached } = await settings.read();
      if (attached === undefined) return undefined;
      const { location } = attached;
      if (open !== undefined) return { state: { ...stateOf(open.info), readOnly: await readOnlyNow(open) }, locked: false };
      const found = await lookAtRepository(location, parts.ports);
      refuseOther(found, attached.id);
      const locked = found.protection === 'keys' && attached.keyFile === undefined && (await secrets.get(passphraseHandle(found.id))) === undefined;
      return { state: stateOf(found), locked };
    },

    attachedId: async () => (await settings.read()).repository?.id,

    current: () => opening ?? keep(openAlone()),

    opened: () => open,

    currentIfOpenable: async () => {
      try {
        return await session.current();
      } catch (error) {
        if (isAppError(error, 'home.not-initialised') || isAppError(error, 'repository.passphrase-needed')) return undefined;
        throw error;
      }
    },

    init: async (input) => {
      const { repository: present } = await settings.read();
      if (present !== undefined) {
        throw new AppError('repository.exists', `This data directory has a repository: ${present.location}`, {
          hint: 'Use another data directory (BELAY_HOME) for another repository.',
        });
      }
      const location = input.location ?? join(parts.home, 'repository');
      if (!isAbsolute(location)) throw new AppError('input.invalid', `${location} is not an absolute path.`);
      if (input.attach) return attach(location, input);
      return create(location, input);
    },

    unlock: async (input) => {
      const { location } = await located();
      const unlock = await unlockOf(input);
      const repository = (await openAlready(location, unlock)) ?? (await keep(openWith(location, unlock)));
      const rememberedIn = await remember(repository.info.id, input.passphrase, input.remember);
      return { repository: stateOf(repository.info), ...(rememberedIn === undefined ? {} : { rememberedIn }) };
    },

    passphraseChanged: async (before, now) => {
      const { id } = await located();
      if ((await secrets.get(passphraseHandle(id))) === before) await secrets.set(passphraseHandle(id), now);
    },

    verifyPassphrase: async (passphrase) => {
      const { location } = await located();
      await (await openRepository(location, { unlock: { kind: 'passphrase', passphrase } }, parts.ports)).close();
    },

    close: release,
  };

  /** Whether certainly none is there: one that cannot be looked at just now may need its key. */
  const isNoRepository = (location: string): Promise<boolean> =>
    lookAtRepository(location, parts.ports).then(
      () => false,
      (error: unknown) => isAppError(error, 'repository.missing'),
    );

  const isRepository = (location: string): Promise<boolean> =>
    lookAtRepository(location, parts.ports).then(
      () => true,
      () => false,
    );

  const create = async (location: string, input: CommandParsed<'repository.init'>): Promise<CommandOutput<'repository.init'>> => {
    const { keyFile } = input;
    if (keyFile !== undefined && !isAbsolute(keyFile)) throw new AppError('input.invalid', `${keyFile} is not an absolute path.`);
    if (keyFile !== undefined) {
      // An init that failed behind its end leaves both, and only that there is a repository leads on.
      await refuseExistingKeyFile(keyFile).catch(async (error: unknown) => {
        throw isAppError(error, 'target.exists') && (await isRepository(location)) ? repositoryExists(location) : error;
      });
    }
    let kept = false;
    const made = await createRepository(
      location,
      {
        chunkAverage: input.chunkAverage,
        ...(input.passphrase === undefined ? {} : { passphrase: input.passphrase }),
        keyFile: keyFile !== undefined,
        keepKeyFile: async (key) => {
          await writeKeyFile(keyFile ?? '', key);
          kept = true;
        },
      },
      parts.ports,
    ).catch(async (error: unknown) => {
      // A key to nothing: the file was made a moment ago, by us. Where it cannot go, why there is no repository is what the user needs.
      if (kept && keyFile !== undefined && (await isNoRepository(location))) await unlinkIfThere(keyFile).catch(() => undefined);
      throw error;
    });
    const { repository } = made;
    try {
      await attachTo({ location, id: repository.info.id, ...(input.keyFile === undefined ? {} : { keyFile: input.keyFile }) });
      await parts.opened(repository);
    } catch (error) {
      await repository.close();
      throw error;
    }
    await keep(Promise.resolve(repository));
    const rememberedIn = await remember(repository.info.id, input.passphrase, input.remember);
    return {
      repository: stateOf(repository.info),
      attached: false,
      ...(made.recoveryKey === undefined ? {} : { recoveryKey: made.recoveryKey }),
      ...(input.keyFile === undefined ? {} : { keyFile: input.keyFile }),
      ...(rememberedIn === undefined ? {} : { rememberedIn }),
    };
  };

  const attach = async (location: string, input: CommandParsed<'repository.init'>): Promise<CommandOutput<'repository.init'>> => {
    const found = await lookAtRepository(location, parts.ports);
    const unlock = found.protection === 'none' ? ({ kind: 'none' } as const) : await unlockOf(input);
    const repository = await keep(openWith(location, unlock));
    await attachTo({ location, id: repository.info.id, ...(input.keyFile === undefined ? {} : { keyFile: input.keyFile }) });
    const rememberedIn = await remember(repository.info.id, input.passphrase, input.remember);
    return { repository: stateOf(repository.info), attached: true, ...(rememberedIn === undefined ? {} : { rememberedIn }) };
  };

  return session;
}

/** The one secret given, as what it is. Throws `input.secret-needed` where there is none, `input.invalid` where there are two. */
async function unlockOf(input: {
  readonly passphrase?: string | undefined;
  readonly recoveryKey?: string | undefined;
  readonly keyFile?: string | undefined;
}): Promise<Unlock> {
  const given = [input.passphrase, input.recoveryKey, input.keyFile].filter((one) => one !== undefined);
  if (given.length === 0)
    throw new AppError('repository.passphrase-needed', 'The repository is protected.', { hint: 'Give its passphrase, recovery key or key file.' });
  if (given.length > 1) throw new AppError('input.invalid', 'More than one key was given.', { hint: 'Give one of passphrase, recovery key and key file.' });
  if (input.passphrase !== undefined) return { kind: 'passphrase', passphrase: input.passphrase };
  if (input.recoveryKey !== undefined) return { kind: 'recovery', key: input.recoveryKey };
  return { kind: 'keyfile', key: await readKeyFile(input.keyFile ?? '') };
}

/** Another repository under the attached one's path: a disk that was not mounted, a folder that was moved. */
function refuseOther(found: RepositoryInfo, id: string): void {
  if (found.id === id) return;
  throw new AppError('repository.foreign', `${found.location} holds another repository than the one that this data directory uses.`, {
    hint: 'Put the right one back (is its disk mounted?), or use another data directory (BELAY_HOME) for this one.',
    details: { expected: id, found: found.id },
  });
}

/** What a key that was kept here fails with where it was lost or its slot removed: then whoever has another one may still open. */
const useless: ReadonlySet<string> = new Set(['repository.passphrase-wrong', 'source.missing', 'secret.denied', 'input.invalid']);

const passphraseHandle = (repositoryId: string): string => `repository/${repositoryId}/passphrase`;

function stateOf(info: RepositoryInfo): State {
  return { id: info.id, location: info.location, format: info.format, protection: info.protection, createdAt: info.createdAt, readOnly: info.readOnly };
}
