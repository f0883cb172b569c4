import path from 'node:path';
import { BrowserWindow, nativeTheme, screen } from 'electron';
import { PAGE_ORIGIN, shellChannels } from '../contract/shell.ts';
import type { ShellOrder } from '../contract/shell.ts';
import type { Log } from '../core/app/faces.ts';
import type { ShellPlace } from './place.ts';
import { placeFor, readState, smallest, writeState } from './window-state.ts';

export interface MainWindow {
  readonly browser: BrowserWindow;
  tell(channel: string, ...values: readonly unknown[]): void;
  /** In sight, and done by the page as soon as it listens. */
  order(order: ShellOrder): void;
  /** The page listens: it has asked for its connection. */
  listens(): void;
  /** In sight, in front, and taking the keys. */
  show(): void;
  keepState(): void;
}

/** The window, showing `page`; where it was and as large as it was. */
export function openMainWindow(place: ShellPlace, page: string, log: Log): MainWindow {
  const stateFile = path.join(place.own, 'window.json');
  const kept = readState(stateFile);
  const primary = screen.getPrimaryDisplay();
  const displays = [primary, ...screen.getAllDisplays().filter((one) => one.id !== primary.id)].map((display) => display.workArea);
  const browser = new BrowserWindow({
    ...placeFor(kept, displays),
    minWidth: smallest.width,
    minHeight: smallest.height,
    show: false,
    title: 'Belay',
    icon: path.join(place.pictures, 'icon.png'),
    backgroundColor: nativeTheme.shouldUseDarkColors ? '#0e1216' : '#ffffff',
    webPreferences: {
      preload: place.preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webviewTag: false,
      spellcheck: false,
    },
  });
  browser.webContents.on('render-process-gone', (_event, { reason }) => {
    log.error('the page has ended', { reason });
    if (reason !== 'clean-exit') browser.webContents.reload();
  });
  browser.once('ready-to-show', () => {
    if (kept?.maximized === true) browser.maximize();
    browser.show();
  });
  void browser.loadURL(`${PAGE_ORIGIN}${page}`).catch((error: unknown) => log.error('the page cannot be shown', { error }));

  let listening = false;
  let waiting: ShellOrder[] = [];
  browser.webContents.on('did-navigate', () => (listening = false));
  const main: MainWindow = {
    browser,
    tell(channel, ...values) {
      if (!browser.isDestroyed()) browser.webContents.send(channel, ...values);
    },
    order(order) {
      main.show();
      if (listening) main.tell(shellChannels.order, order);
      else waiting.push(order);
    },
    listens() {
      listening = true;
      for (const order of waiting) main.tell(shellChannels.order, order);
      waiting = [];
    },
    show() {
      if (browser.isMinimized()) browser.restore();
      browser.show();
      browser.focus();
    },
    keepState() {
      if (browser.isDestroyed()) return;
      try {
        writeState(stateFile, { ...browser.getNormalBounds(), maximized: browser.isMaximized() });
      } catch (error) {
        log.warn("the window's place could not be kept", { error });
      }
    },
  };
  return main;
}
