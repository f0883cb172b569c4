import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { contentOf, makeShop, Place } from '../helpers/cli/belay.ts';
import { endDisplay, openApp, runsHosts, startAgain } from '../helpers/electron/app.ts';
import type { OpenApp } from '../helpers/electron/app.ts';

afterAll(endDisplay);

/** Chooses what the menu calls so, as its accelerator does. */
async function choose({ electron }: OpenApp, label: string): Promise<string | undefined> {
  return electron.evaluate(({ Menu }, wanted) => {
    const find = (items: readonly Electron.MenuItem[]): Electron.MenuItem | undefined => {
      for (const item of items) {
        const found = item.label === wanted ? item : find(item.submenu?.items ?? []);
        if (found !== undefined) return found;
      }
      return undefined;
    };
    const item = find(Menu.getApplicationMenu()?.items ?? []);
    item?.click();
    return item?.accelerator ?? undefined;
  }, label);
}

/** Quits by the menu and waits until the application has ended: what asks it to may never be answered then. */
async function quit(app: OpenApp): Promise<void> {
  const asked = choose(app, 'Quit Belay').then(
    () => app.gone,
    () => app.gone,
  );
  await Promise.race([asked, app.gone]);
}

/** What the system's question about running jobs would be answered with; what it asked is kept. */
async function answerWith({ electron }: OpenApp, response: number): Promise<() => Promise<string[]>> {
  await electron.evaluate(({ dialog }, answer) => {
    const asked: string[] = [];
    Object.assign(globalThis, { asked });
    dialog.showMessageBox = (...given: unknown[]) => {
      const { message, detail, buttons } = given.at(-1) as Electron.MessageBoxOptions;
      asked.push(message, ...(detail ?? '').split('\n').slice(0, 1), ...(buttons ?? []));
      return Promise.resolve({ response: answer, checkboxChecked: false });
    };
  }, response);
  return () => electron.evaluate(() => (globalThis as unknown as { asked: string[] }).asked);
}

describe('the desktop application', () => {
  test('menu and accelerators lead to the pages, the palette, a snapshot and a theme; the window is found where it was', async () => {
    await using place = await Place.withShop(5, 'hosted');
    const first = await openApp(place);
    const { page, electron } = first;
    await page.getByRole('heading', { name: /step open/ }).waitFor();
    const keys = [];
    keys.push(await choose(first, 'Shelf'));
    await page.getByRole('heading', { name: 'No snapshot yet' }).waitFor();
    keys.push(await choose(first, 'Find a source, snapshot or command'));
    await page.getByRole('combobox').waitFor();
    await page.keyboard.press('Escape');
    keys.push(await choose(first, 'Snapshot now…'));
    await page.getByRole('button', { name: 'Take the snapshot' }).waitFor();
    await page.keyboard.press('Escape');
    await choose(first, 'Dark');
    await expect.poll(() => page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark');
    await expect.poll(() => electron.evaluate(({ nativeTheme }) => nativeTheme.themeSource)).toBe('dark');
    expect(keys).toEqual(['CmdOrCtrl+2', 'CmdOrCtrl+K', 'CmdOrCtrl+N']);

    await electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.setBounds({ x: 60, y: 40, width: 1000, height: 700 }));
    await quit(first);
    expect(first.complaints).toEqual([]);
    await using second = await openApp(place);
    const bounds = await second.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getBounds());
    expect(bounds).toEqual({ x: 60, y: 40, width: 1000, height: 700 });
    await expect.poll(() => second.page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark');
  });

  test('a second start hands its link to the first, which comes to the front; a link that is none leads nowhere', async () => {
    await using place = await Place.withShop(5, 'hosted');
    await place.ok('snap', 'shop', '--name', 'linked');
    const [snapshot] = (await place.data('list'))['snapshots'] as readonly { readonly id: string }[];
    await using app = await openApp(place);
    await app.page.getByRole('heading', { name: /source/ }).waitFor();
    await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.minimize());
    expect(await startAgain(place, { args: [`belay://snapshot/${snapshot?.id ?? ''}`] })).toBe(0);
    await app.page.getByRole('tab', { name: 'Proof' }).waitFor();
    expect(
      await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().map((window) => [window.isMinimized(), window.isVisible()])),
    ).toEqual([[false, true]]);
    expect(await startAgain(place, { args: ['belay://snapshot/../../journal'] })).toBe(0);
    expect(new URL(app.page.url()).pathname).toBe(`/snapshot/${snapshot?.id ?? ''}`);
  });

  test('a host that is killed is told, and the window goes on with the next one', async () => {
    await using place = await Place.withShop(5);
    const host = await place.serve();
    await using app = await openApp(place);
    await app.page.getByRole('heading', { name: /step open/ }).waitFor();
    host.child.kill('SIGKILL');
    await host.gone;
    if (!runsHosts) {
      await app.page.getByText('The host is gone').waitFor();
      await app.page.getByText(/this Electron is too old to run one\. Start one: belay serve/).waitFor();
      await place.serve();
    }
    await app.page.getByText('The host is gone').waitFor({ state: 'detached' });
    await app.page.getByRole('button', { name: 'Snapshot', exact: true }).click();
    await app.page.getByText('Snapshot of shop taken').waitFor();
    expect(app.complaints).toEqual([]);
  });

  test('quitting under a running job asks; kept open the job goes on, cancelled it leaves nothing, waited for it is done', async () => {
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 300_000);
    await place.host();
    await place.ok('init', '--no-encryption');
    await place.ok('source', 'add', 'shop.db');
    await using app = await openApp(place);
    await app.electron.evaluate(({ Menu }) => {
      const seen: (string | undefined)[] = [];
      const build = Menu.buildFromTemplate.bind(Menu);
      Menu.buildFromTemplate = (template) => {
        seen.push(template[0]?.label);
        return build(template);
      };
      Object.assign(globalThis, { seen });
    });
    const lines = () => app.electron.evaluate(() => (globalThis as unknown as { seen: string[] }).seen);
    await app.page.getByRole('button', { name: 'Snapshot', exact: true }).click();
    await expect.poll(lines).toContain('Snapshot of shop');

    const kept = await answerWith(app, 2);
    await choose(app, 'Quit Belay');
    expect(await kept()).toEqual(['A job is running', 'Snapshot of shop', 'Wait for it, then quit', 'Cancel it and quit', 'Keep Belay open']);
    await app.page.getByRole('contentinfo', { name: 'Jobs' }).getByText('Snapshot of shop').waitFor();

    await answerWith(app, 1);
    await quit(app);
    expect(existsSync(join(place.home, 'window', 'window.json'))).toBe(true);
    expect(await place.data('list')).toMatchObject({ total: 0 });
    expect(await place.data('jobs')).toMatchObject({ jobs: [] });

    await using again = await openApp(place);
    await again.page.getByRole('button', { name: 'Snapshot', exact: true }).click();
    await again.page.getByRole('contentinfo', { name: 'Jobs' }).getByText('Snapshot of shop').waitFor();
    await answerWith(again, 0);
    await quit(again);
    expect(await place.data('list')).toMatchObject({ total: 1 });
    const log = readFileSync(join(place.home, 'logs', 'belay.log'), 'utf8');
    expect(log).not.toContain('"level":"error"');
  });

  test('the system: its dialogs, its notices, its sleep', async () => {
    await using place = await Place.withShop(20);
    await place.host();
    await place.ok('snap', 'shop', '--name', 'whole');
    await using app = await openApp(place);
    const { page, electron } = app;
    const chosen = place.path('chosen.sqlite');
    await electron.evaluate(({ BrowserWindow, Notification, dialog, powerMonitor }, filePath) => {
      const suggested: (string | undefined)[] = [];
      const confirms: string[] = [];
      dialog.showSaveDialog = (...given: unknown[]) => {
        const options = given.at(-1) as Electron.SaveDialogOptions;
        suggested.push(options.defaultPath);
        confirms.push(String(options.properties?.includes('showOverwriteConfirmation') === true));
        return Promise.resolve({ canceled: false, filePath });
      };
      BrowserWindow.getFocusedWindow = () => null;
      Notification.isSupported = () => true;
      const notices: string[] = [];
      // Each notice has a `show` of its own; that a click on it is listened to is told by the prototype.
      Notification.prototype.on = function on() {
        notices.push(`${this.title}: ${this.body}`);
        return this;
      };
      Object.assign(globalThis, { suggested, confirms, notices });
      powerMonitor.emit('suspend');
      powerMonitor.emit('resume');
    }, chosen);
    const told = (name: string) => electron.evaluate((_electron, list) => (globalThis as unknown as Record<string, string[]>)[list], name);

    await choose(app, 'Shelf');
    await page.getByRole('row', { name: /whole/ }).dblclick();
    await page.getByRole('button', { name: 'Export…' }).click();
    await page.getByRole('button', { name: 'Choose…' }).click();
    await expect.poll(() => page.getByLabel('New file').inputValue()).toBe(chosen);
    expect(await told('suggested')).toEqual([place.path('shop-whole.sqlite')]);
    await page.getByRole('button', { name: 'Export', exact: true }).click();
    await page.getByText('The snapshot was exported').waitFor();
    expect(contentOf(chosen)).toEqual(contentOf(place.path('shop.db')));
    await expect.poll(() => told('notices')).toEqual([expect.stringMatching(/^Export .*: Done$/)]);

    // The dialog has asked about a file that is there: the host replaces that one.
    writeFileSync(chosen, 'what was here');
    await page.getByRole('button', { name: 'Export…' }).click();
    await page.getByRole('button', { name: 'Choose…' }).click();
    await page.getByText('The file of that name is replaced when the new one is whole.').waitFor();
    await page.getByRole('button', { name: 'Export', exact: true }).click();
    await expect.poll(() => page.getByRole('dialog', { name: 'Export the snapshot' }).count()).toBe(0);
    expect(contentOf(chosen)).toEqual(contentOf(place.path('shop.db')));
    expect(await told('confirms')).toEqual(['true', 'true']);

    const { entries } = await place.data('journal', 'list');
    const power = (entries as { readonly what: string; readonly details: { readonly event?: string } }[]).filter((entry) => entry.what === 'machine.power');
    expect(power.map((entry) => entry.details.event).toSorted()).toEqual(['resume', 'suspend']);
  });

  test('the log of drills and the record of one are saved where the dialog says, over a file that is there and whole', async () => {
    await using place = await Place.withShop(20);
    await place.host();
    await place.ok('snap', 'shop', '--name', 'whole');
    await place.ok('drill', 'shop');
    await using app = await openApp(place);
    const { page, electron } = app;
    const answer = async (filePath: string): Promise<void> =>
      electron.evaluate(({ dialog }, path) => {
        dialog.showSaveDialog = (...given: unknown[]) => {
          Object.assign(globalThis, { title: (given.at(-1) as Electron.SaveDialogOptions).title });
          return Promise.resolve(path === '' ? { canceled: true, filePath: '' } : { canceled: false, filePath: path });
        };
      }, filePath);
    const save = async (menu: string, choice: RegExp): Promise<void> => {
      await page.getByRole('button', { name: menu }).click();
      await page.getByRole('menuitem', { name: choice }).click();
    };
    await page.getByRole('link', { name: 'Drills' }).click();
    await page.getByRole('tab', { name: /^All drills/ }).click();
    const made = page.getByRole('grid', { name: 'Drills' }).getByRole('row', { name: /shop/ });
    await made.waitFor();

    await answer('');
    await save('Save the log', /^As Markdown/);
    expect(await electron.evaluate(() => (globalThis as unknown as { title: string }).title)).toBe('Save the report');
    const log = place.path('drills.md');
    writeFileSync(log, 'of last year, and longer than nothing'.repeat(1000));
    await answer(log);
    await save('Save the log', /^As Markdown/);
    await page.getByText('The log was saved').waitFor();
    await place.ok('drill', 'list', '--report', place.path('same.md'));
    expect(readFileSync(log, 'utf8')).toBe(readFileSync(place.path('same.md'), 'utf8'));

    await made.dblclick();
    await answer(place.path('one.json'));
    await save('Save the record', /^As JSON/);
    await page.getByText('The record was saved').waitFor();
    expect(JSON.parse(readFileSync(place.path('one.json'), 'utf8'))).toMatchObject({ source: 'shop', result: 'proved' });

    // A database is nobody's report.
    const before = contentOf(place.path('shop.db'));
    await answer(place.path('shop.db'));
    await save('Save the record', /^As Markdown/);
    await page
      .getByText(`${place.path('shop.db')} is the source shop itself: it is not replaced.`)
      .first()
      .waitFor();
    expect(contentOf(place.path('shop.db'))).toEqual(before);
    expect(app.complaints).toEqual([]);
  });

  test('a page that is loaded again ends no job; quitting asks about it all the same', async () => {
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 300_000);
    await place.host();
    await place.ok('init', '--no-encryption');
    await place.ok('source', 'add', 'shop.db');
    await using app = await openApp(place);
    const bar = app.page.getByRole('contentinfo', { name: 'Jobs' });
    await app.page.getByRole('button', { name: 'Snapshot', exact: true }).click();
    await bar.getByText('Snapshot of shop').waitFor();
    await app.page.reload();
    await bar.getByText('Snapshot of shop').waitFor();
    const asked = await answerWith(app, 0);
    await choose(app, 'Quit Belay');
    expect((await asked()).slice(0, 2)).toEqual(['A job is running', 'Snapshot of shop']);
    await app.gone;
    expect(await place.data('list')).toMatchObject({ total: 1 });
  });

  test('a machine without a keychain is told where a passphrase is chosen', async () => {
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 5);
    await place.host();
    await using app = await openApp(place);
    await app.page.getByRole('button', { name: 'Snapshot shop' }).click();
    await app.page.getByText('With a passphrase').click();
    await app.page.getByText(/Secrets are not remembered; they are asked for at each run/).waitFor();
    expect(app.complaints).toEqual([]);
  });
});
