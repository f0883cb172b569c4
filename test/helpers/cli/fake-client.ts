import type { BelayClient, CallOptions } from '../../../electron/contract/client.ts';
import { commands } from '../../../electron/contract/commands.ts';
import type { CommandInput, CommandName, CommandOutput, CommandParsed } from '../../../electron/contract/commands.ts';

/** What the fake host answers: a handler for each command that a test expects, given input that has passed its schema. */
export type Answers = { readonly [N in CommandName]?: (input: CommandParsed<N>, options: CallOptions) => CommandOutput<N> | Promise<CommandOutput<N>> };

export interface Call {
  readonly name: CommandName;
  readonly input: Record<string, unknown>;
}

/** A host without a core: checks every input and output against the contract, keeps what it was asked, answers as told. */
export class FakeClient implements BelayClient {
  readonly calls: Call[] = [];
  readonly closed = new Promise<string>(() => undefined);
  closes = 0;
  readonly #answers: Answers;

  constructor(answers: Answers) {
    this.#answers = answers;
  }

  async call<N extends CommandName>(name: N, input: CommandInput<N>, options: CallOptions = {}): Promise<CommandOutput<N>> {
    const parsed = commands[name].input.parse(input) as CommandParsed<N>;
    this.calls.push({ name, input: { ...parsed } });
    const answer = this.#answers[name];
    if (answer === undefined) throw new Error(`The test does not expect the command ${name}.`);
    return commands[name].output.parse(await answer(parsed, options)) as CommandOutput<N>;
  }

  subscribe(): () => void {
    return () => undefined;
  }

  async close(): Promise<void> {
    this.closes += 1;
    await Promise.resolve();
  }
}
