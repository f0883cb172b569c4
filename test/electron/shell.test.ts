import { spawnSync } from 'node:child_process';
import { chownSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Shell } from '../../electron/contract/shell.ts';
import { Place } from '../helpers/cli/belay.ts';
import { electronVersion, endDisplay, openApp } from '../helpers/electron/app.ts';
import type { OpenApp } from '../helpers/electron/app.ts';

afterAll(endDisplay);

/** One application for the attacks: each is made from inside the page, as a page that somebody took over would make it. */
describe('what a page that was taken over can do', () => {
  let place: Place;
  let app: OpenApp;

  beforeAll(async () => {
    console.log(`Electron ${electronVersion()}`);
    place = await Place.withShop(5, 'hosted');
    app = await openApp(place);
    await app.page.getByRole('heading', { name: /step open/ }).waitFor();
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  });

  test('it has nothing of Node or Electron, and cannot change what it was given', async () => {
    const found = await app.page.evaluate(() => {
      const world = globalThis as Record<string, unknown>;
      const shell = world['belay'] as Record<string, unknown>;
      const names = ['require', 'process', 'module', 'Buffer', 'global', 'electron', 'ipcRenderer'].filter((name) => name in world);
      const refused = (change: () => unknown): boolean => {
        try {
          change();
        } catch {
          return true;
        }
        return false;
      };
      return {
        names,
        offered: Object.keys(shell).toSorted(),
        frozen: refused(() => (shell['send'] = () => undefined)) || !Object.isExtensible(shell),
        replaced: refused(() => (world['belay'] = {})) || world['belay'] === shell,
        reached: refused(() => (shell['send'] as { constructor: (code: string) => () => unknown }).constructor('return process')()),
      };
    });
    expect(found).toEqual({
      names: [],
      offered: ['chooseFile', 'close', 'connect', 'onClosed', 'onMessage', 'onOrder', 'send', 'showTheme'],
      frozen: true,
      replaced: true,
      reached: true,
    });
    const settings = await app.electron.evaluate(({ BrowserWindow }) => {
      const contents = BrowserWindow.getAllWindows()[0]?.webContents as unknown as { getLastWebPreferences(): Record<string, unknown> };
      const { sandbox, contextIsolation, nodeIntegration, webviewTag, webSecurity } = contents.getLastWebPreferences();
      return { sandbox, contextIsolation, nodeIntegration, webviewTag, webSecurity };
    });
    expect(settings).toMatchObject({ sandbox: true, contextIsolation: true, nodeIntegration: false, webviewTag: false });
    expect(settings.webSecurity).not.toBe(false);
  });

  test('no script, style, picture, connection or frame from elsewhere, and none of its own making', async () => {
    const refused = await app.page.evaluate(async () => {
      const seen = new Set<string>();
      document.addEventListener('securitypolicyviolation', (event) => seen.add(event.effectiveDirective));
      const add = (name: string, facts: Record<string, string>): void => document.body.append(Object.assign(document.createElement(name), facts));
      add('script', { textContent: 'globalThis.ran = true' });
      add('script', { src: 'https://example.com/x.js' });
      add('style', { textContent: 'body { color: red }' });
      add('img', { src: 'https://example.com/x.png' });
      add('iframe', { src: 'https://example.com/' });
      await fetch('https://example.com/').catch(() => undefined);
      await fetch('app://elsewhere/').catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 100));
      try {
        // The page's policy is what is under test: no code of texts.
        Reflect.construct(Function, ['']);
        (globalThis as { ran?: boolean }).ran = true;
      } catch {
        seen.add('eval');
      }
      return { seen: [...seen].filter((directive) => directive !== 'script-src').toSorted(), ran: (globalThis as { ran?: boolean }).ran === true };
    });
    expect(refused).toEqual({ seen: ['connect-src', 'eval', 'frame-src', 'img-src', 'script-src-elem', 'style-src-elem'], ran: false });
  });

  test('no permission is given', async () => {
    const answers = await app.page.evaluate(async () => {
      const name = async (work: () => Promise<unknown>): Promise<string> =>
        work().then(
          (value) => String(value),
          (error: unknown) => (error instanceof Error || error instanceof DOMException ? error.name : 'refused'),
        );
      const state = async (permission: string) => (await navigator.permissions.query({ name: permission as PermissionName })).state;
      return {
        camera: await name(() => navigator.mediaDevices.getUserMedia({ video: true })),
        place: await name(
          () =>
            new Promise((resolve, reject) =>
              navigator.geolocation.getCurrentPosition(
                () => resolve('given'),
                () => reject(new DOMException('', 'denied')),
              ),
            ),
        ),
        notifications: await name(() => Notification.requestPermission()),
        reading: await name(() => navigator.clipboard.readText()),
        states: [await state('geolocation'), await state('notifications'), await state('camera')],
      };
    });
    expect(answers).toEqual({
      camera: expect.stringMatching(/^Not/),
      place: 'denied',
      notifications: 'denied',
      reading: 'NotAllowedError',
      states: ['denied', 'denied', 'denied'],
    });
  });

  test('the token and the data directory are not to be had', async () => {
    const { token } = JSON.parse(readFileSync(join(place.home, 'host.lock'), 'utf8')) as { readonly token: string };
    expect(await app.page.content()).not.toContain(token);
    const got = await app.page.evaluate(async () => {
      const read = async (path: string) =>
        fetch(path)
          .then(async (answer) => [answer.status, (await answer.text()).slice(0, 40)])
          .catch(() => 'refused');
      return [await read('app://belay/../../package.json'), await read('app://belay/..%2f..%2fhost.lock'), await read('file:///etc/passwd')];
    });
    // Its own policy lets it fetch nothing at all; what a navigation would get is asked of the shell itself.
    expect(got).toEqual(['refused', 'refused', 'refused']);
    const served = await app.electron.evaluate(async ({ BrowserWindow }) => {
      const other = new BrowserWindow({ show: false, webPreferences: { sandbox: true } });
      const texts: string[] = [];
      for (const path of ['belay/../../package.json', 'belay/..%2f..%2fpackage.json', 'belay/.made-of', 'elsewhere/index.html']) {
        await other.loadURL(`app://${path}`);
        texts.push((await other.webContents.executeJavaScript('document.body.textContent')) as string);
      }
      other.destroy();
      return texts;
    });
    expect(served).toEqual(Array.from({ length: 4 }, () => 'Not found.\n'));
  });

  test('a message that is none ends the connection, and the page comes back by itself', async () => {
    for (const forged of ['not json', '{"type":"shutdown"}', JSON.stringify({ type: 'hello', protocol: 1, version: '0', client: 'root', token: 'x' })]) {
      const why = await app.page.evaluate(async (text) => {
        const shell = (globalThis as unknown as { belay: Shell }).belay;
        const answer = await shell.connect();
        if (!('connection' in answer)) return 'no connection';
        const { connection } = answer;
        const closed = new Promise<string>((resolve) => shell.onClosed((number, reason) => number === connection && resolve(reason)));
        shell.send(connection, text);
        return closed;
      }, forged);
      expect(why).toMatch(/a message of the page was refused/);
    }
    await app.page.reload();
    await app.page.getByRole('heading', { name: /step open/ }).waitFor();
  });

  test('a message of another page is refused', async () => {
    const answers = await app.electron.evaluate(
      async ({ BrowserWindow }, preload) => {
        const other = new BrowserWindow({ show: false, webPreferences: { preload, sandbox: true } });
        const outcomes: string[] = [];
        for (const address of ['data:text/html,<p>elsewhere', 'app://belay/']) {
          await other.loadURL(address);
          outcomes.push(
            (await other.webContents.executeJavaScript('belay.connect().then((answer) => JSON.stringify(answer), (error) => String(error.message))')) as string,
          );
        }
        other.destroy();
        return outcomes;
      },
      join(import.meta.dirname, '..', '..', 'dist', 'shell', 'preload.cjs'),
    );
    for (const answer of answers) expect(answer).toMatch(/not of the window/);
  });

  test('it stays where it is: no other address, no other window, no page in the page, no download', async () => {
    const at = app.page.url();
    const opened = await app.page.evaluate(() => window.open('https://example.com/') === null && window.open('app://belay/') === null);
    expect(opened).toBe(true);
    for (const address of ['https://example.com/', 'file:///etc/passwd', 'data:text/html,x', 'app://elsewhere/'])
      await app.page.evaluate((to) => {
        location.href = to;
      }, address);
    await app.page.evaluate(() => {
      const link = Object.assign(document.createElement('a'), { href: 'https://example.com/', target: '_blank' });
      document.body.append(link);
      link.click();
      document.body.append(document.createElement('webview'));
    });
    // The log is written a moment later. To files and texts the browser itself lets no page go.
    const log = () => readFileSync(join(place.home, 'logs', 'belay.log'), 'utf8').split('\n');
    await expect.poll(() => log().filter((line) => line.includes('"what":"another window"')).length).toBe(3);
    await expect.poll(() => log().filter((line) => line.includes('"what":"to go to another address"')).length).toBe(2);
    const now = await app.electron.evaluate(({ BrowserWindow, webContents }) => ({
      windows: BrowserWindow.getAllWindows().length,
      pages: webContents.getAllWebContents().map((contents) => contents.getURL()),
    }));
    expect(now).toEqual({ windows: 1, pages: [at] });
    // The page is still the same one.
    expect(await app.page.evaluate(() => document.querySelector('webview')?.tagName)).toBe('WEBVIEW');
  });
});

const nobody = 65_534;
/** Chromium's sandbox needs the user namespaces of the kernel, which a container may refuse. */
const canSandbox =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  spawnSync('setpriv', [`--reuid=${String(nobody)}`, '--clear-groups', 'unshare', '--user', '--net', 'true'], { stdio: 'ignore' }).status === 0;

describe.runIf(canSandbox)('the process of the page', () => {
  test('is in the sandbox of the system: filtered calls, no files, no network', async () => {
    await using place = await Place.make();
    for (const folder of [place.root, place.project]) chownSync(folder, nobody, nobody);
    await place.host({ uid: nobody });
    await using app = await openApp(place, { uid: nobody });
    await app.page.getByRole('heading', { name: 'Nothing is protected yet' }).waitFor();
    const [page, main] = await app.electron.evaluate(({ BrowserWindow }) => [BrowserWindow.getAllWindows()[0]?.webContents.getOSProcessId(), process.pid]);
    const status = readFileSync(`/proc/${String(page)}/status`, 'utf8');
    expect(/^Uid:\s+(\d+)/m.exec(status)?.[1]).toBe(String(nobody));
    expect(/^Seccomp:\s+(\d)/m.exec(status)?.[1]).toBe('2');
    expect(/^CapEff:\s+(\d+)/m.exec(status)?.[1]).toBe('0000000000000000');
    for (const space of ['user', 'net', 'pid'])
      expect(readlinkSync(`/proc/${String(page)}/ns/${space}`)).not.toBe(readlinkSync(`/proc/${String(main)}/ns/${space}`));
  });
});
