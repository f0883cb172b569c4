import { app, session } from 'electron';
import type { WebContents, WebFrameMain } from 'electron';
import { PAGE_ORIGIN } from '../contract/shell.ts';
import type { Log } from '../core/app/faces.ts';

/** Denies what the page has no use for, for every page that this application ever opens: it is to be called before there is one. */
export function guardPages(log: Log): void {
  app.on('web-contents-created', (_event, contents) => {
    const deny = (what: string) => (event: { preventDefault(): void }, url?: string) => {
      event.preventDefault();
      log.warn('the page was denied something', { what, url: typeof url === 'string' ? url.slice(0, 200) : '' });
    };
    contents.on('will-navigate', deny('to go to another address'));
    contents.on('will-redirect', deny('to be led to another address'));
    contents.on('will-attach-webview', (event) => deny('a page inside the page')(event));
    contents.setWindowOpenHandler(({ url }) => {
      log.warn('the page was denied something', { what: 'another window', url: url.slice(0, 200) });
      return { action: 'deny' };
    });
  });
}

/** Denies every permission, request and download. */
export function guardSession(log: Log): void {
  const { defaultSession } = session;
  defaultSession.setPermissionRequestHandler((_contents, permission, answer) => {
    log.warn('the page was denied something', { what: permission });
    // Copying a line into the clipboard at a click is the one thing that the page asks for.
    answer(permission === 'clipboard-sanitized-write');
  });
  defaultSession.setPermissionCheckHandler((_contents, permission) => permission === 'clipboard-sanitized-write');
  defaultSession.setDevicePermissionHandler(() => false);
  defaultSession.on('will-download', (event) => event.preventDefault());
  defaultSession.webRequest.onBeforeRequest((request, answer) => answer({ cancel: !isLocal(request.url) }));
}

/** The page's own files, and what the developer tools are made of. */
function isLocal(url: string): boolean {
  return ['app:', 'devtools:', 'data:', 'blob:'].includes(new URL(url).protocol);
}

/** True for the main frame of the window itself, showing the application's own page. */
export function isOwnFrame(frame: WebFrameMain | null, window: WebContents | undefined): boolean {
  if (frame === null || window === undefined || window.isDestroyed()) return false;
  const main = window.mainFrame;
  return frame.processId === main.processId && frame.routingId === main.routingId && frame.url.startsWith(`${PAGE_ORIGIN}/`);
}
