import type { z } from 'zod';
import { diffCommands } from './commands-diff.ts';
import { drillsCommands } from './commands-drills.ts';
import { hostCommands } from './commands-host.ts';
import { repositoryCommands } from './commands-repository.ts';
import { restoresCommands } from './commands-restores.ts';
import { snapshotsCommands } from './commands-snapshots.ts';

/**
 * The command map: everything a face (window, command line, scheduled run) can ask of the host. `job: true` commands run in the
 * queue, report progress, can be cancelled and stand in the jobs list; the others answer at once.
 * Commands that need the repository's key throw `repository.passphrase-needed` until `repository.unlock` was called.
 */
export const commands = { ...hostCommands, ...repositoryCommands, ...snapshotsCommands, ...restoresCommands, ...drillsCommands, ...diffCommands };

export type CommandMap = typeof commands;
export type CommandName = keyof CommandMap;
/** What a caller passes (defaults may be left out). */
export type CommandInput<N extends CommandName> = z.input<CommandMap[N]['input']>;
/** What a handler receives (defaults filled in). */
export type CommandParsed<N extends CommandName> = z.output<CommandMap[N]['input']>;
export type CommandOutput<N extends CommandName> = z.output<CommandMap[N]['output']>;

export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}
