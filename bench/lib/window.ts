import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { chromium, type CDPSession, type Page } from 'playwright-core';
import { openedBy } from '../../tools/lib/chromium.ts';
import { median } from './measure.ts';

export interface RunningHost {
  /** With its token. */
  readonly address: string;
  /** When its process was begun, milliseconds since 1970. */
  readonly startedAt: number;
  residentBytes(): number;
  /** Resolves when it has done next to nothing for a second: what it began at its start is over. */
  atRest(): Promise<void>;
  end(): Promise<void>;
}

/** `belay serve` over a data directory, as a user starts it. Resolves when it says where it is served. */
export async function startHost(root: string, home: string): Promise<RunningHost> {
  const startedAt = performance.timeOrigin + performance.now();
  const child = spawn(join(root, 'belay'), ['serve', '--json'], { env: { ...process.env, BELAY_HOME: home }, stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const address = await new Promise<string>((resolve, reject) => {
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (!said.endsWith('\n')) return;
      const answer = JSON.parse(said) as { readonly data: { readonly address: string } };
      resolve(answer.data.address);
    });
    void gone.then(() => reject(new Error('The host ended before it served anything.')));
  });
  return {
    address,
    startedAt,
    residentBytes: () => resident(child.pid),
    atRest: async () => {
      for (let before = Number.NEGATIVE_INFINITY; ;) {
        const now = ticks(child.pid);
        if (now - before <= 2) return;
        before = now;
        await pause(1000);
      }
    },
    end: async () => {
      child.kill('SIGTERM');
      await gone;
    },
  };
}

/** Time on a processor, user and system, in hundredths of a second, from `/proc`. */
function ticks(pid: number | undefined): number {
  const fields =
    readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
      .split(') ')[1]
      ?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

/** Bytes of a process's memory that lie in main memory, from `/proc`. */
function resident(pid: number | undefined): number {
  const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'));
  return Number(found?.[1]) * 1024;
}

/** Bytes that the built window's files of one kind take on the wire. */
export function bundleBytes(root: string, ending: string): number {
  const folder = join(root, 'dist', 'window');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .reduce((sum, name) => sum + gzipSync(readFileSync(join(folder, name)), { level: 9 }).length, 0);
}

export interface Browser {
  readonly version: string;
  open(address: string): Promise<Shown>;
  close(): Promise<void>;
}

export interface Shown {
  /** When that table had so many rows on the screen, milliseconds since 1970. */
  rowsPainted(table: string, rows: number): Promise<number>;
  follow(link: string): Promise<void>;
  /** Nothing was asked of the host for a while. */
  idle(): Promise<void>;
  residentBytes(): Promise<number>;
  heapBytes(): Promise<number>;
  /** Scrolls by the wheel for three seconds; times between frames, milliseconds. */
  scroll(table: string): Promise<{ readonly median: number; readonly worst: number }>;
  /** Types a text and waits until the rows that hold it are on the screen; milliseconds. */
  search(table: string, text: string): Promise<number>;
  close(): Promise<void>;
}

/** Throws where there is no browser. */
export async function openBrowser(): Promise<Browser> {
  const browser = await chromium.launch(openedBy());
  return {
    version: browser.version(),
    open: async (address) => {
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
      const page = await context.newPage();
      await page.goto(address);
      return shown(page, await browser.newBrowserCDPSession(), () => context.close());
    },
    close: () => browser.close(),
  };
}

function shown(page: Page, browser: CDPSession, close: () => Promise<void>): Shown {
  const grid = (name: string) => page.getByRole('table', { name }).or(page.getByRole('grid', { name })).first();
  return {
    rowsPainted: async (table, rows) => {
      await grid(table).waitFor();
      return grid(table).evaluate(async (element, least) => {
        const frame = (): Promise<number> => new Promise(requestAnimationFrame);
        while (element.querySelectorAll('[role=row], tbody tr').length < least) await frame();
        // A frame that begins after the one with the rows says that they were painted.
        await frame();
        return performance.timeOrigin + (await frame());
      }, rows);
    },
    follow: async (link) => page.getByRole('link', { name: link }).first().click(),
    idle: async () => {
      await page.waitForLoadState('networkidle');
      await page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve)));
    },
    residentBytes: async () => {
      const { processInfo } = await browser.send('SystemInfo.getProcessInfo');
      const sizes = processInfo.filter((one) => one.type === 'renderer').map((one) => resident(one.id));
      return Math.max(...sizes);
    },
    heapBytes: async () => {
      const session = await page.context().newCDPSession(page);
      await session.send('HeapProfiler.collectGarbage');
      return (await session.send('Runtime.getHeapUsage')).usedSize;
    },
    scroll: async (table) => {
      const box = await grid(table).boundingBox();
      if (box === null) throw new Error(`The table ${table} is not shown.`);
      await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
      const watching = page.evaluate(async () => {
        const times: number[] = [];
        let last = await new Promise(requestAnimationFrame);
        const until = last + 3000;
        while (last < until) {
          const now = await new Promise<number>(requestAnimationFrame);
          times.push(now - last);
          last = now;
        }
        return times;
      });
      let wheeling = true;
      void watching.finally(() => (wheeling = false));
      const wheel = async (): Promise<void> => {
        while (wheeling) await page.mouse.wheel(0, 240);
      };
      const [times] = await Promise.all([watching, wheel()]);
      const moved = await grid(table).evaluate((element) => element.scrollTop);
      if (moved < 5000) throw new Error(`The table was scrolled by ${moved} pixels only.`);
      return { median: median(times), worst: Math.max(...times) };
    },
    search: async (table, text) => {
      const field = page.getByRole('searchbox').first();
      await field.focus();
      const before = await grid(table).getAttribute('aria-rowcount');
      const typed = await page.evaluateHandle(() => ({
        at: new Promise<number>((resolve) => document.addEventListener('input', (event) => resolve(event.timeStamp), { once: true })),
      }));
      await page.keyboard.insertText(text);
      return grid(table).evaluate(
        async (element, { old, typing }) => {
          const frame = (): Promise<number> => new Promise(requestAnimationFrame);
          while (element.getAttribute('aria-rowcount') === old) await frame();
          return (await frame()) - (await typing.at);
        },
        { old: before, typing: typed },
      );
    },
    close,
  };
}
