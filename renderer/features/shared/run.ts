import { useEffect, useRef, useState } from 'react';
import type { CommandInput, CommandName, CommandOutput } from '../../../electron/contract/commands.ts';
import type { JobProgress } from '../../../electron/contract/model.ts';
import { hostError } from '../../api/errors.ts';
import type { HostError } from '../../api/errors.ts';
import { useLink } from '../../api/host.tsx';
import { tell } from '../../ui/toast.tsx';
import type { Told } from '../../ui/toast.tsx';
import { failureOf } from './work.ts';

export type RunState<N extends CommandName> =
  | { readonly kind: 'idle' }
  | { readonly kind: 'running'; readonly progress: JobProgress | undefined }
  | { readonly kind: 'failed'; readonly error: HostError }
  | { readonly kind: 'done'; readonly output: CommandOutput<N> };

export interface Run<N extends CommandName> {
  readonly state: RunState<N>;
  /** Resolves with nothing where it failed. */
  readonly start: (input: CommandInput<N>) => Promise<CommandOutput<N> | undefined>;
  readonly stop: () => void;
  readonly clear: () => void;
}

/**
 * One long command of a page: its progress while it runs, and what came of it. It goes on where the page is left, and `ended` then tells
 * what came of it; a failure is told too.
 */
export function useRun<N extends CommandName>(name: N, ended: (output: CommandOutput<N>) => Told): Run<N> {
  const link = useLink();
  const [state, setState] = useState<RunState<N>>({ kind: 'idle' });
  const abort = useRef<AbortController>(undefined);
  const onScreen = useRef(true);
  useEffect(() => {
    onScreen.current = true;
    return () => void (onScreen.current = false);
  }, []);
  const start = async (input: CommandInput<N>): Promise<CommandOutput<N> | undefined> => {
    const controller = new AbortController();
    abort.current = controller;
    setState({ kind: 'running', progress: undefined });
    try {
      const output = await link.call(name, input, { signal: controller.signal, onProgress: (progress) => setState({ kind: 'running', progress }) });
      setState({ kind: 'done', output });
      if (!onScreen.current) tell(ended(output));
      return output;
    } catch (error) {
      const failure = hostError(error);
      const cancelled = failure.code === 'cancelled';
      setState(cancelled ? { kind: 'idle' } : { kind: 'failed', error: failure });
      if (cancelled || !onScreen.current) tell(failureOf(failure));
      return undefined;
    }
  };
  return { state, start, stop: () => abort.current?.abort(), clear: () => setState({ kind: 'idle' }) };
}
