import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { extractFile, listPackage } from '@electron/asar';
import { FuseState, FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answerOf, ended, makeShop, Place } from '../helpers/cli/belay.ts';
import { electronPath, endDisplay, openApp } from '../helpers/electron/app.ts';
import { clickThroughLoop } from '../helpers/electron/loop.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Packs for real, with the Electron at hand. Returns the folder of the unpacked application. */
async function pack(out: string, argv: readonly string[]): Promise<string> {
  const args = ['--disable-warning=ExperimentalWarning', join(root, 'tools', 'package.mjs'), '--dir', '--out', out, ...argv];
  const env = { ...process.env, BELAY_ELECTRON: dirname(electronPath ?? '') };
  const ran = await ended(spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] }));
  if (ran.code !== 0) throw new Error(`The package failed: ${ran.stdout}${ran.stderr}`);
  return join(out, 'linux-unpacked');
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true }).map(String);
}

async function fusesOf(application: string): Promise<Record<string, string>> {
  const wire = await getCurrentFuseWire(join(application, 'belay-desktop'));
  const known = [
    FuseV1Options.RunAsNode,
    FuseV1Options.EnableNodeOptionsEnvironmentVariable,
    FuseV1Options.EnableNodeCliInspectArguments,
    FuseV1Options.EnableEmbeddedAsarIntegrityValidation,
    FuseV1Options.OnlyLoadAppFromAsar,
    FuseV1Options.LoadBrowserProcessSpecificV8Snapshot,
  ];
  return Object.fromEntries(known.map((fuse) => [FuseV1Options[fuse], wire[fuse] === FuseState.ENABLE ? 'on' : 'off']));
}

const safe = {
  RunAsNode: 'off',
  EnableNodeOptionsEnvironmentVariable: 'off',
  EnableNodeCliInspectArguments: 'off',
  EnableEmbeddedAsarIntegrityValidation: 'on',
  OnlyLoadAppFromAsar: 'on',
  LoadBrowserProcessSpecificV8Snapshot: 'off',
};

describe.runIf(process.platform === 'linux')('the package', () => {
  let work: string;
  let checked: string;
  let driven: string;

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'belay-package-'));
    checked = await pack(join(work, 'checked'), []);
    driven = await pack(join(work, 'driven'), ['--staged', '--over', 'test/helpers/electron/driven.yml']);
    for (const folder of ['core', 'cli']) symlinkSync(join(checked, 'resources', folder), join(driven, 'resources', folder));
  });
  afterAll(async () => {
    await endDisplay();
    await rm(work, { recursive: true, force: true });
  });

  test('its fuses are as the settings say; the driven one differs by the inspector alone', async () => {
    expect(await fusesOf(checked)).toEqual(safe);
    expect(await fusesOf(driven)).toEqual({ ...safe, EnableNodeCliInspectArguments: 'on' });
  });

  test('the archive holds the shell and the page, and neither it nor what is beside it holds sources, tests or papers of ours', () => {
    const archive = join(checked, 'resources', 'app.asar');
    const files = listPackage(archive, { isPack: false }).filter((name) => /\.[a-z0-9]+$/i.test(name));
    const kinds = new Set(files.map((name) => name.replace(/\/dist\/window\/assets\/.*\.(js|css|woff2)$/, '/dist/window/assets/*.$1')));
    expect([...kinds].toSorted()).toEqual([
      '/dist/shell/main.cjs',
      '/dist/shell/pictures/icon.png',
      '/dist/shell/pictures/tray.png',
      '/dist/shell/pictures/tray@2x.png',
      '/dist/shell/preload.cjs',
      '/dist/window/assets/*.css',
      '/dist/window/assets/*.js',
      '/dist/window/assets/*.woff2',
      '/dist/window/icon.svg',
      '/dist/window/index.html',
      '/package.json',
    ]);
    expect(JSON.parse(extractFile(archive, 'package.json').toString())).toMatchObject({ main: 'dist/shell/main.cjs', version: '0.1.0' });

    expect(readdirSync(join(checked, 'resources')).toSorted()).toEqual(['app.asar', 'cli', 'core']);
    const beside = filesIn(join(checked, 'resources', 'core'));
    expect(beside.filter((name) => /\.(?:[cm]?tsx?|map|md|env|pem|key)$|(?:^|\/)(?:tests?|\.[^/]+)(?:\/|$)|\.test\./.test(name))).toEqual([]);
    expect(beside.filter((name) => name.endsWith('.node')).toSorted()).toEqual([
      expect.stringMatching(/^node_modules\/@napi-rs\/keyring-linux-/),
      `node_modules/better-sqlite3/prebuilds/linux-${process.arch}.node`,
    ]);
    // No path of the machine that packed it.
    for (const name of beside.filter((one) => one.startsWith('electron/') && one.endsWith('.js')))
      expect(readFileSync(join(checked, 'resources', 'core', name), 'utf8'), name).not.toContain(root);
  });

  test('its command line runs without a display and without a Node of the machine', async () => {
    await using place = await Place.make();
    makeShop(place.path('shop.db'), 50);
    const command = join(checked, 'resources', 'cli', 'belay');
    expect(statSync(command).mode & 0o111).toBe(0o111);
    const belay = async (...argv: readonly string[]) => {
      const { DISPLAY: _display, ...env } = place.environment({ PATH: '/usr/bin:/bin' });
      const ran = await ended(spawn(command, [...argv, '--json'], { cwd: place.project, env, stdio: ['ignore', 'pipe', 'pipe'] }));
      return answerOf(ran);
    };
    await belay('init', '--no-encryption');
    await belay('source', 'add', 'shop.db');
    expect(await belay('snap', 'shop')).toMatchObject({ ok: true });
    expect(await belay('list')).toMatchObject({ ok: true, data: { snapshots: [{ source: 'shop' }] } });
  });

  test('it is driven through the main loop, attached to a host of its own command line', async () => {
    await using place = await Place.withShop(60);
    const host = spawn(join(checked, 'resources', 'cli', 'belay'), ['serve', '--json'], {
      cwd: place.project,
      env: place.environment(),
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const gone = once(host, 'close');
    try {
      await once(host.stdout, 'data');
      await using app = await openApp(place, { executable: join(driven, 'belay-desktop') });
      expect(await app.electron.evaluate(({ app: application }) => application.getAppPath())).toBe(join(driven, 'resources', 'app.asar'));
      await clickThroughLoop(place, app);
      expect(app.complaints).toEqual([]);
      expect(existsSync(join(place.home, 'window'))).toBe(true);
    } finally {
      host.kill('SIGTERM');
      await gone;
    }
  });
});
