import { existsSync } from 'node:fs';
import type { ChildProcess } from 'node:child_process';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { answerOf, record } from '../cli/belay.ts';
import type { Place, RunOptions } from '../cli/belay.ts';

const usual = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The Chromium that the tests drive: what the environment names, else what is installed. */
const chromiumPath = [process.env['BELAY_TEST_CHROMIUM'] ?? '', ...usual].find((path) => path !== '' && existsSync(path));

export interface Served extends AsyncDisposable {
  /** With its token. */
  readonly address: string;
  readonly origin: string;
  readonly process: ChildProcess;
}

/** `belay serve` on a place's data directory, as a user starts it; commands of the place are attached to it from then on. */
export async function serve(place: Place, options: RunOptions & { readonly port?: number } = {}): Promise<Served> {
  const { child, answer, gone } = await place.serve(options.port === undefined ? [] : ['--port', String(options.port)], options);
  const address = String(record(answerOf({ stdout: answer, stderr: '' })['data'])['address']);
  return {
    address,
    origin: new URL(address).origin,
    process: child,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await gone;
    },
  };
}

export interface Driven extends AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors of scripts, refusals of the pages' policy, and everything else that the console calls an error. */
  readonly complaints: string[];
}

export interface DriveOptions {
  readonly theme?: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
}

let running: Browser | undefined;

/** One browser for a test file. */
export async function browser(): Promise<Browser> {
  const executablePath = chromiumPath;
  if (executablePath === undefined) throw new Error('There is no Chromium.');
  // Its sandbox refuses root; it is not what is under test.
  running ??= await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
  return running;
}

export async function endBrowser(): Promise<void> {
  await running?.close();
  running = undefined;
}

/** A new window of the browser, nothing of another one in it. */
export async function openWindow(address: string, { theme = 'light', width = 1280, height = 800 }: DriveOptions = {}): Promise<Driven> {
  const context = await (await browser()).newContext({ viewport: { width, height }, colorScheme: theme, reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(`script: ${error.message}`));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('console', (message) => {
    // A host that is gone is told by the browser too; the window's own words are what is looked at.
    if (message.type() === 'error' && !/ERR_CONNECTION_REFUSED|WebSocket connection/.test(message.text())) complaints.push(`console: ${message.text()}`);
  });
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
  });
  await page.goto(address);
  return {
    page,
    context,
    complaints,
    async [Symbol.asyncDispose]() {
      await context.close();
    },
  };
}
