import type { BelayClient } from '../contract/client.ts';
import type { CommandInput, CommandName, CommandOutput } from '../contract/commands.ts';
import { AppError, isAppError } from '../core/app/faces.ts';
import type { Common } from './common.ts';
import type { Leaving } from './leaving.ts';
import type { Output } from './output/output.ts';
import type { ProgressView } from './output/progress.ts';
import type { Prompter } from './prompt.ts';
import { namedKey } from './secrets.ts';
import type { World } from './world.ts';

const attempts = 3;

/** The host, as one command sees it: connected at the first call, progress shown, opened with its passphrase where it is locked. */
export class Session {
  readonly #world: World;
  readonly #home: string;
  readonly #output: Output;
  readonly #common: Common;
  readonly #prompter: Prompter;
  readonly #leaving: Leaving;
  readonly #progress: ProgressView;
  #client: Promise<BelayClient> | undefined;
  #tried: Promise<void> | undefined;
  #calls = 0;

  constructor(parts: {
    readonly world: World;
    readonly home: string;
    readonly output: Output;
    readonly common: Common;
    readonly prompter: Prompter;
    readonly leaving: Leaving;
    readonly progress: ProgressView;
  }) {
    this.#world = parts.world;
    this.#home = parts.home;
    this.#output = parts.output;
    this.#common = parts.common;
    this.#prompter = parts.prompter;
    this.#leaving = parts.leaving;
    this.#progress = parts.progress;
    parts.leaving.onFirst = () => {
      if (this.#calls > 0) parts.output.note('Cancelling; waiting until the job has cleaned up. Ctrl-C again leaves at once.');
    };
  }

  /**
   * Calls the host. Where the repository is locked, opens it with what the options or the environment name, else with a
   * prompt, and calls once more. Aborted by the first wish to leave.
   */
  async call<N extends CommandName>(name: N, input: CommandInput<N>): Promise<CommandOutput<N>> {
    // What `repository.init` attaches to is not this data directory's repository yet: it takes the key itself.
    if (name !== 'repository.init') await (this.#tried ??= this.#tryNamed());
    try {
      return await this.#callOnce(name, input);
    } catch (error) {
      if (name === 'repository.init' || !isAppError(error, 'repository.passphrase-needed')) throw error;
      await this.#unlock(error);
      return this.#callOnce(name, input);
    }
  }

  /** Ends the connection; where this command is the host, resolves when no other client and no job is left. */
  async close(): Promise<void> {
    const client = await this.#client?.catch(() => undefined);
    await client?.close();
  }

  async #callOnce<N extends CommandName>(name: N, input: CommandInput<N>): Promise<CommandOutput<N>> {
    this.#client ??= this.#world.connect(this.#home, this.#leaving.signal);
    const client = await this.#client;
    this.#calls += 1;
    try {
      return await client.call(name, input, { signal: this.#leaving.signal, onProgress: (progress) => this.#progress.show(progress) });
    } finally {
      this.#calls -= 1;
      this.#progress.clear();
    }
  }

  /** A key that an option names is tried even where a remembered one would open: whoever names one wants to know that it does. */
  async #tryNamed(): Promise<void> {
    const { keyFile, recoveryKeyFile, passphraseFile, remember } = this.#common;
    if ((keyFile ?? recoveryKeyFile ?? passphraseFile) === undefined) return;
    const named = await namedKey(this.#world, this.#output, this.#common);
    try {
      if (named !== undefined) await this.#open({ ...named, remember });
    } catch (error) {
      if (!isAppError(error, 'home.not-initialised')) throw error;
    }
  }

  async #unlock(needed: AppError): Promise<void> {
    const { remember } = this.#common;
    const named = await namedKey(this.#world, this.#output, this.#common);
    if (named !== undefined) return this.#open({ ...named, remember });
    if (!this.#prompter.possible) {
      throw new AppError('repository.passphrase-needed', needed.message, {
        hint: 'Name a file that holds it: --passphrase-file <file> or BELAY_PASSPHRASE_FILE; or a key file: --key-file <file>.',
        ...(needed.details === undefined ? {} : { details: needed.details }),
        cause: needed.cause,
      });
    }
    for (let attempt = 1; ; attempt += 1) {
      const passphrase = await this.#prompter.ask('Passphrase of the repository (empty: recovery key instead): ', {
        hidden: true,
        signal: this.#leaving.signal,
      });
      const key =
        passphrase === '' ? { recoveryKey: await this.#prompter.ask('Recovery key: ', { hidden: true, signal: this.#leaving.signal }) } : { passphrase };
      try {
        return await this.#open({ ...key, remember });
      } catch (error) {
        if (!isAppError(error, 'repository.passphrase-wrong') || attempt === attempts) throw error;
        this.#prompter.tell(error.message);
      }
    }
  }

  async #open(key: CommandInput<'repository.unlock'>): Promise<void> {
    const { rememberedIn } = await this.#callOnce('repository.unlock', key);
    if (rememberedIn !== undefined) this.#output.note(`The passphrase is kept in ${rememberedIn}.`);
  }
}
