import path from 'node:path';
import { app, BrowserWindow, dialog, Menu, Notification, powerMonitor, shell, Tray } from 'electron';
import type { Job } from '../contract/model.ts';
import type { Log } from '../core/app/faces.ts';
import { bridge } from './bridge.ts';
import { pageOfArguments, pageOfLink } from './deep-link.ts';
import { guardPages, guardSession } from './guard.ts';
import { hostStarter } from './hosting/starter.ts';
import { Leaving } from './leave.ts';
import { applicationMenu, plain, trayMenu } from './menu.ts';
import type { MenuActs } from './menu.ts';
import { servePage } from './page.ts';
import type { ShellPlace } from './place.ts';
import { reachHost } from './reach.ts';
import { Relay } from './relay.ts';
import { Watch } from './watch.ts';
import { openMainWindow } from './window.ts';
import type { MainWindow } from './window.ts';

/** Everything of the application, once Electron is ready. */
export function runShell(place: ShellPlace, log: Log): void {
  guardPages(log);
  guardSession(log);
  servePage(place.page);

  const starter = hostStarter(place, log);
  const reach = () => reachHost(place.home, starter);
  let window: MainWindow | undefined;
  const tray = new Tray(path.join(place.pictures, 'tray.png'));
  tray.setToolTip('Belay');
  const relay = new Relay({ version: place.version, reach, log, tell: (channel, ...values) => window?.tell(channel, ...values) });
  const watch = new Watch({
    version: place.version,
    reach,
    log,
    changed: () => {
      tray.setContextMenu(Menu.buildFromTemplate(trayMenu(watch.running, acts)));
      void leaving.settle();
    },
    ended: (job) => {
      if (!beganByItself(job)) notify(job, acts.show);
    },
  });
  const leaving = new Leaving({
    // The jobs of other faces go on where the host does.
    jobs: () => watch.running.filter((job) => !beganByItself(job) && (starter.runs() || relay.jobs.has(job.id))),
    cancel: async (job) => watch.client?.call('jobs.cancel', { id: job.id }),
    window: () => window?.browser,
    cleanUp: async () => {
      window?.keepState();
      relay.end();
      await watch.end();
      await starter.leave();
      tray.destroy();
    },
  });
  const show = (page?: string): void => {
    if (window === undefined || window.browser.isDestroyed()) window = openWindow(page ?? '/');
    else if (page === undefined) window.show();
    else window.order({ act: 'go', to: page });
  };
  const openWindow = (page: string): MainWindow => {
    const opened = openMainWindow(place, page, log);
    opened.browser.on('close', (event) => {
      opened.keepState();
      if (leaving.going || process.platform === 'darwin') return;
      // The question about running jobs is asked while there is a window.
      event.preventDefault();
      void leaving.ask();
    });
    // A page that is left, or loaded again, ends its connection.
    opened.browser.webContents.on('did-navigate', () => relay.end());
    return opened;
  };
  const acts: MenuActs = {
    order: (order) => {
      show();
      window?.order(order);
    },
    show: () => show(),
    quit: () => void leaving.ask(),
    openLogs: () => void shell.openPath(path.join(place.home, 'logs')),
    openHome: () => void shell.openPath(place.home),
    about: () =>
      void dialog.showMessageBox({ message: `Belay ${place.version}`, detail: `Electron ${process.versions.electron}\n${place.home}`, buttons: ['Close'] }),
  };

  bridge({ window: () => window, relay, log });
  Menu.setApplicationMenu(Menu.buildFromTemplate(applicationMenu(process.platform, acts)));
  tray.on('click', acts.show);
  tray.setContextMenu(Menu.buildFromTemplate(trayMenu([], acts)));

  app.on('second-instance', (_event, argv) => show(pageOfArguments(argv)));
  app.on('open-url', (event, url) => {
    event.preventDefault();
    show(pageOfLink(url));
  });
  app.on('activate', () => show());
  app.on('before-quit', (event) => {
    if (leaving.going) return;
    event.preventDefault();
    void leaving.ask();
  });
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit();
  });
  for (const event of ['suspend', 'resume'] as const) {
    // The two events are declared one by one, which a union of their names does not fit. Where no host answers there is nothing to tell.
    powerMonitor.on(event as 'suspend', () => {
      watch.client?.call('machine.power', { event }).catch((error: unknown) => log.info('the host was not told of the machine', { event, error }));
    });
  }

  void watch.start();
  show(pageOfArguments(process.argv) ?? '/');
}

/** Home looks for databases without being asked: nobody waits for that, nor is told of it. */
function beganByItself(job: Job): boolean {
  return job.command === 'discover';
}

/** Says that a job has ended, to somebody who looks at something else. */
function notify(job: Job, click: () => void): void {
  if (BrowserWindow.getFocusedWindow() !== null || !Notification.isSupported()) return;
  const how = job.state === 'failed' ? `Failed: ${job.error?.message ?? ''}` : job.state === 'cancelled' ? 'Cancelled, nothing of it is left' : 'Done';
  const notice = new Notification({ title: plain(job.title), body: how });
  notice.on('click', click);
  notice.show();
}
