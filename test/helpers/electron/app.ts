import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { _electron } from 'playwright-core';
import type { ElectronApplication, Page } from 'playwright-core';
import { shellWord } from '../../../electron/contract/command-line.ts';
import type { Place } from '../cli/belay.ts';

const shim = fileURLToPath(new URL('shim.cjs', import.meta.url));

/** The Electron that `npm test` found or fetched. */
export const electronPath = [process.env['BELAY_TEST_ELECTRON'] ?? ''].find((path) => path !== '' && existsSync(path));

/** In its own words, `22.3.25`. */
export function electronVersion(): string {
  const file = join(dirname(electronPath ?? ''), 'version');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().replace(/^v/, '') : 'unknown';
}

/** True where this Electron's own Node can run the host. */
export const runsHosts = Number(electronVersion().split('.')[0]) >= 40;

export interface OpenApp extends AsyncDisposable {
  readonly electron: ElectronApplication;
  readonly page: Page;
  /** Errors of scripts, refusals of the page's policy, and everything else that the console calls an error. */
  readonly complaints: string[];
  /** Resolves when the application has ended by itself. */
  readonly gone: Promise<void>;
}

export interface AppOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Another user than this one, under whom Chromium's own sandbox works; only root can. */
  readonly uid?: number;
  /** Of a packaged application; the built shell of the checkout where left out. */
  readonly executable?: string;
}

/** Starts the desktop application on the data directory of a place, on the display of this file. */
export async function openApp(place: Place, options: AppOptions = {}): Promise<OpenApp> {
  const electron = await _electron.launch(launchOf(place, options, await display()));
  const child = electron.process();
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  // A process that is debugged waits at its end for the debugger, which does not always notice.
  child.stderr?.on('data', (data: Buffer) => {
    if (data.toString().includes('Waiting for the debugger to disconnect')) child.kill('SIGKILL');
  });
  const complaints: string[] = [];
  const page = await electron.firstWindow();
  page.setDefaultTimeout(20_000);
  page.on('pageerror', (error) => complaints.push(`script: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()}`);
  });
  return {
    electron,
    page,
    complaints,
    gone,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await gone;
      }
    },
  };
}

/** A start of the application that nobody drives, as of a link that was clicked. */
export async function startAgain(place: Place, options: AppOptions = {}): Promise<number | null> {
  const { executablePath, args, env } = launchOf(place, options, await display());
  const child = spawn(executablePath, args, { env, stdio: 'ignore' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code));
  });
}

function launchOf(place: Place, { args = [], env = {}, executable, uid }: AppOptions, screen: string) {
  const electron = executable ?? electronPath;
  if (electron === undefined) throw new Error('There is no Electron.');
  const executablePath = uid === undefined ? electron : runAs(place, electron, uid);
  return {
    executablePath,
    // Shorter than a test's own, so that what Playwright saw of the start is told.
    timeout: 300_000,
    // Chromium's sandbox refuses root; Playwright would switch it off for everybody.
    chromiumSandbox: process.getuid?.() !== 0 || uid !== undefined,
    args: [...(process.getuid?.() === 0 && uid === undefined ? ['--no-sandbox'] : []), '--disable-gpu', ...(executable === undefined ? [shim] : []), ...args],
    cwd: place.project,
    env: place.environment({ DISPLAY: screen, XDG_CONFIG_HOME: join(place.root, 'config'), ...env }),
  };
}

/** Playwright starts programs as its own user: a script gives the rights up. */
function runAs(place: Place, electron: string, uid: number): string {
  const script = join(place.root, 'electron');
  const line = ['setpriv', `--reuid=${String(uid)}`, `--regid=${String(uid)}`, '--clear-groups', electron].map(shellWord).join(' ');
  writeFileSync(script, `#!/bin/sh\nexec ${line} "$@"\n`, { mode: 0o755 });
  return script;
}

let server: ChildProcess | undefined;
let shown: Promise<string> | undefined;

/** A display without a screen, one for each test file. */
function display(): Promise<string> {
  shown ??= new Promise((resolve, reject) => {
    const started = spawn(process.env['BELAY_TEST_XVFB'] ?? 'Xvfb', ['-displayfd', '3', '-screen', '0', '1600x1000x24', '-nolisten', 'tcp', '-noreset'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    server = started;
    started.once('error', reject);
    started.stdio[3]?.once('data', (data: Buffer) => resolve(`:${data.toString().trim()}`));
    started.once('exit', (code) => reject(new Error(`Xvfb ended with ${String(code)}.`)));
  });
  return shown;
}

export async function endDisplay(): Promise<void> {
  const ending = server;
  server = undefined;
  shown = undefined;
  if (ending === undefined || ending.exitCode !== null) return;
  const gone = new Promise((resolve) => ending.once('exit', resolve));
  ending.kill('SIGTERM');
  await gone;
}
