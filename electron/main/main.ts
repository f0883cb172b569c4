// The desktop application: one window on one data directory, attached to its host or starting it.
import { app, dialog } from 'electron';
import { openHostLog } from '../core/app/faces.ts';
import { announceScheme } from './page.ts';
import { findPlace } from './place.ts';
import type { ShellPlace } from './place.ts';
import { runShell } from './shell.ts';

app.setName('Belay');
app.setAppUserModelId('app.belay.desktop');
announceScheme();
const place = placeOrEnd();
if (place !== undefined) {
  app.setPath('userData', place.own);
  // A second start hands its link over to the first and ends.
  if (app.requestSingleInstanceLock()) {
    const { log } = openHostLog(place.home);
    void app.whenReady().then(() => runShell(place, log.child({ part: 'window' })));
  } else app.quit();
}

function placeOrEnd(): ShellPlace | undefined {
  try {
    return findPlace(__dirname, process.resourcesPath);
  } catch (error) {
    dialog.showErrorBox('Belay cannot start', error instanceof Error ? error.message : String(error));
    app.exit(1);
    return undefined;
  }
}
