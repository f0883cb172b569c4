import type { WireError } from './errors.ts';

/** What the page of the desktop application gets from the shell around it, as the global `belay`. In a browser there is none. */
export interface Shell {
  /** Opens a way to the host, and ends the one before. */
  connect(): Promise<ShellAnswer>;
  /** One text of electron/contract/wire.ts to the host. What is no message of a client ends the connection. */
  send(connection: number, text: string): void;
  close(connection: number): void;
  /** Each text of the host. To be called once, before the first connection. */
  onMessage(listener: (connection: number, text: string) => void): void;
  /** The end of a connection, with why in words. To be called once, before the first connection. */
  onClosed(listener: (connection: number, why: string) => void): void;
  /** What was chosen outside of the page: in the menu, the tray, by a link. */
  onOrder(listener: (order: ShellOrder) => void): void;
  /** The system's own dialog; undefined where nothing was chosen. */
  chooseFile(order: FileOrder): Promise<ChosenFile | undefined>;
  /** Menus and dialogs of the system are to look like the page. */
  showTheme(choice: ThemeName): void;
}

export type ShellAnswer =
  /** `version` is the one to greet with; the token is the shell's own affair. */
  { readonly connection: number; readonly version: string } | { readonly error: WireError };

export type ThemeName = 'system' | 'light' | 'dark';

export type ShellOrder =
  | { readonly act: 'go'; readonly to: string }
  | { readonly act: 'find' }
  | { readonly act: 'snapshot' }
  | { readonly act: 'theme'; readonly choice: ThemeName };

export type FileOrder =
  /** A file that is there, of a SQLite database. */
  | { readonly kind: 'database' }
  /** A file to be made, with a snapshot or with the record of drills in it; `suggested` is its path. */
  | { readonly kind: 'export' | 'report'; readonly suggested: string };

export interface ChosenFile {
  readonly path: string;
  /** It was there when it was chosen: the person said in the dialog that it may be replaced. */
  readonly replace: boolean;
}

/** Between the page's preload script and the shell; nothing else is listened to. */
export const shellChannels = {
  connect: 'belay:connect',
  send: 'belay:send',
  close: 'belay:close',
  message: 'belay:message',
  closed: 'belay:closed',
  order: 'belay:order',
  chooseFile: 'belay:choose-file',
  theme: 'belay:theme',
} as const;

/** Where the page of the desktop application comes from. */
export const PAGE_ORIGIN = 'app://belay';
