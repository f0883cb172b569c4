import type { CommandName, CommandOutput, CommandParsed } from '../../../contract/commands.ts';
import type { Core } from '../core.ts';
import type { CallScope } from '../scope.ts';

/** A handler gets input that has passed its schema; what it returns is the command's output. */
export type Handler<N extends CommandName> = (core: Core, input: CommandParsed<N>, scope: CallScope) => Promise<CommandOutput<N>>;

export type Handlers<N extends CommandName> = { readonly [K in N]: Handler<K> };
