import type { ChosenFile, FileOrder, Shell, ShellOrder, ThemeName } from '../../electron/contract/shell.ts';
import type { ChannelHandlers, LinkWorld } from './channel.ts';
import { HostError } from './errors.ts';

const shell = (globalThis as { readonly belay?: Shell }).belay;

/** True inside the desktop application, false in a browser. */
export const inShell = shell !== undefined;

const takers = new Set<(order: ShellOrder) => void>();
shell?.onOrder((order) => {
  for (const take of takers) take(order);
});

/** Calls back with what was chosen outside of the page; returns what ends that. */
export function onShellOrder(take: (order: ShellOrder) => void): () => void {
  takers.add(take);
  return () => takers.delete(take);
}

/** The system's own dialog for a file; undefined in a browser, which shows no path. */
export const chooseFile: ((order: FileOrder) => Promise<ChosenFile | undefined>) | undefined =
  shell === undefined ? undefined : (order) => shell.chooseFile(order);

/** Menus and dialogs of the system look like the page. Of no effect in a browser. */
export function showThemeAround(choice: ThemeName): void {
  shell?.showTheme(choice);
}

/** The world of this page where it is inside the desktop application: the shell finds the host, starts it where none runs, and shows it the token. */
export function shellWorld(): LinkWorld | undefined {
  return shell === undefined ? undefined : worldOf(shell);
}

function worldOf(around: Shell): LinkWorld {
  let current: { readonly connection: number; readonly handlers: ChannelHandlers } | undefined;
  around.onMessage((connection, text) => {
    if (connection === current?.connection) current.handlers.message(text);
  });
  around.onClosed((connection, why) => {
    if (connection !== current?.connection) return;
    const { handlers } = current;
    current = undefined;
    handlers.closed(why);
  });
  return {
    open: async (handlers) => {
      const answer = await around.connect();
      if ('error' in answer) throw new HostError(answer.error);
      const { connection, version } = answer;
      current = { connection, handlers };
      return {
        version,
        send: (text) => around.send(connection, text),
        close: () => around.close(connection),
      };
    },
  };
}
