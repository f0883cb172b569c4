import { contextBridge, ipcRenderer } from 'electron';
import { shellChannels as channels } from '../contract/shell.ts';
import type { ChosenFile, FileOrder, Shell, ShellAnswer, ShellOrder, ThemeName } from '../contract/shell.ts';

// No function takes a channel's name, and no event of Electron's reaches the page: those would hand it Electron's own messenger.
const shell: Shell = {
  connect: () => ipcRenderer.invoke(channels.connect) as Promise<ShellAnswer>,
  send: (connection: number, text: string) => ipcRenderer.send(channels.send, connection, text),
  close: (connection: number) => ipcRenderer.send(channels.close, connection),
  onMessage: (listener) => void ipcRenderer.on(channels.message, (_event, connection: number, text: string) => listener(connection, text)),
  onClosed: (listener) => void ipcRenderer.on(channels.closed, (_event, connection: number, why: string) => listener(connection, why)),
  onOrder: (listener) => void ipcRenderer.on(channels.order, (_event, order: ShellOrder) => listener(order)),
  chooseFile: (order: FileOrder) => ipcRenderer.invoke(channels.chooseFile, order) as Promise<ChosenFile | undefined>,
  showTheme: (choice: ThemeName) => ipcRenderer.send(channels.theme, choice),
};

contextBridge.exposeInMainWorld('belay', shell);
