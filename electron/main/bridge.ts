import { existsSync } from 'node:fs';
import { dialog, ipcMain, nativeTheme } from 'electron';
import type { IpcMainEvent, IpcMainInvokeEvent } from 'electron';
import { z } from 'zod';
import { shellChannels as channels } from '../contract/shell.ts';
import type { ChosenFile, FileOrder, ShellAnswer } from '../contract/shell.ts';
import { AppError } from '../core/app/faces.ts';
import type { Log } from '../core/app/faces.ts';
import { isOwnFrame } from './guard.ts';
import type { Relay } from './relay.ts';
import type { MainWindow } from './window.ts';

const fileOrder = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('database') }),
  z.strictObject({ kind: z.enum(['export', 'report']), suggested: z.string().max(4096) }),
]);
const themeName = z.enum(['system', 'light', 'dark']);

/** Answers the page: only it, and only what is of the form that electron/contract/shell.ts names. */
export function bridge({ window, relay, log }: { readonly window: () => MainWindow | undefined; readonly relay: Relay; readonly log: Log }): void {
  const isOurs = (event: IpcMainEvent | IpcMainInvokeEvent): boolean => {
    if (isOwnFrame(event.senderFrame, window()?.browser.webContents)) return true;
    log.warn('a message that is not of the window was refused');
    return false;
  };
  const denied = () => new AppError('transport.denied', 'The message is not of the window.');

  ipcMain.handle(channels.connect, (event): Promise<ShellAnswer> => {
    if (!isOurs(event)) throw denied();
    window()?.listens();
    return relay.connect();
  });
  ipcMain.on(channels.send, (event, connection: unknown, text: unknown) => {
    if (isOurs(event)) relay.send(connection, text);
  });
  ipcMain.on(channels.close, (event, connection: unknown) => {
    if (isOurs(event)) relay.close(connection);
  });
  ipcMain.on(channels.theme, (event, choice: unknown) => {
    const parsed = themeName.safeParse(choice);
    if (!isOurs(event) || !parsed.success) return;
    nativeTheme.themeSource = parsed.data;
    // The page has kept its choice a moment ago: Chromium would write that minutes later, and not at all where the window is closed before.
    event.sender.session.flushStorageData();
  });
  ipcMain.handle(channels.chooseFile, async (event, order: unknown): Promise<ChosenFile | undefined> => {
    if (!isOurs(event)) throw denied();
    const parsed = fileOrder.safeParse(order);
    const main = window();
    if (!parsed.success || main === undefined) throw new AppError('input.invalid', 'The window asked for no file that it may ask for.');
    return chooseFile(main, parsed.data);
  });
}

const saving = { export: 'Export the snapshot', report: 'Save the report' } as const;

async function chooseFile({ browser }: MainWindow, order: FileOrder): Promise<ChosenFile | undefined> {
  if (order.kind !== 'database') {
    const { canceled, filePath } = await dialog.showSaveDialog(browser, {
      title: saving[order.kind],
      defaultPath: order.suggested,
      // Without these, Linux asks nothing about a file that is there.
      properties: ['showOverwriteConfirmation', 'createDirectory'],
    });
    return canceled || filePath === undefined || filePath === '' ? undefined : { path: filePath, replace: existsSync(filePath) };
  }
  const { canceled, filePaths } = await dialog.showOpenDialog(browser, {
    title: 'Choose a SQLite database',
    properties: ['openFile', 'showHiddenFiles'],
    filters: [
      { name: 'SQLite databases', extensions: ['db', 'sqlite', 'sqlite3', 'db3', 's3db'] },
      { name: 'All files', extensions: ['*'] },
    ],
  });
  const [path] = filePaths;
  return canceled || path === undefined ? undefined : { path, replace: false };
}
