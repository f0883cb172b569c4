import type { CallOptions } from '../../../electron/contract/client.ts';
import type { CommandInput, CommandName, CommandOutput } from '../../../electron/contract/commands.ts';
import { hostError } from '../../api/errors.ts';
import type { HostError } from '../../api/errors.ts';
import { useLink } from '../../api/host.tsx';
import { tell } from '../../ui/toast.tsx';
import type { Told } from '../../ui/toast.tsx';

interface WorkOptions<N extends CommandName> extends CallOptions {
  /** What is told when it is done; nothing where it gives nothing. */
  readonly done?: (output: CommandOutput<N>) => Told | undefined;
  /** True where the failure was told in another way. */
  readonly failed?: (error: HostError) => boolean;
}

export type Work = <N extends CommandName>(name: N, input: CommandInput<N>, options?: WorkOptions<N>) => Promise<CommandOutput<N> | undefined>;

/** Calls a command and tells how it ended, on whatever page one is by then. Resolves with nothing where it failed. */
export function useWork(): Work {
  const link = useLink();
  return async (name, input, options = {}) => {
    try {
      const output = await link.call(name, input, options);
      const told = options.done?.(output);
      if (told !== undefined) tell(told);
      return output;
    } catch (error) {
      const failure = hostError(error);
      if (options.failed?.(failure) !== true) tell(failureOf(failure));
      return undefined;
    }
  };
}

/** A failure as a notice: what happened, and the next step. */
export function failureOf(error: HostError): Told {
  if (error.code === 'cancelled') return { title: 'Cancelled', text: 'Nothing of it is left.' };
  return { title: error.message, text: error.hint, tone: 'bad' };
}
