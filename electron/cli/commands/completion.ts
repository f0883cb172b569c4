import { completionScript, shells } from '../completion/scripts.ts';
import type { CommandSpec } from '../spec.ts';

export const completion: CommandSpec = {
  name: 'completion',
  summary: 'print the completion script of a shell',
  description: 'It completes commands, options, and the names of sources and snapshots.',
  arguments: [{ name: '<shell>', description: 'whose', choices: shells }],
  examples: [
    { line: 'source <(belay completion bash)', what: 'in ~/.bashrc' },
    { line: 'source <(belay completion zsh)', what: 'in ~/.zshrc, after compinit' },
    { line: 'belay completion fish > ~/.config/fish/completions/belay.fish', what: 'once' },
  ],
  run: async (_context, input) => {
    const shell = shells.find((each) => each === input.required(0)) ?? 'bash';
    const script = completionScript(shell);
    return { data: { shell, script }, print: (output) => output.raw(script) };
  },
};
