// npm run docs:pictures: the pictures of README and guide, taken of the real window over a data directory that the product made.
// [-- --to <folder>] where they go; [--data <folder>] a folder for that data, which takes minutes to make: kept, and used as it is where it is there.
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { openedBy } from '../lib/chromium.ts';
import { breakShop, makeMonths } from './months.ts';
import { serve } from './serve.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values } = parseArgs({ options: { to: { type: 'string', default: join(root, 'docs', 'guide', 'pictures') }, data: { type: 'string' } } });
const { to } = values;
const say = (line: string): void => console.log(line);

const folder = values.data ?? realpathSync(mkdtempSync(join(tmpdir(), 'belay-pictures-')));
try {
  const [home, project] = [join(folder, 'home'), join(folder, 'market')];
  mkdirSync(to, { recursive: true });
  if (!existsSync(home)) await makeMonths(home, project, say);
  const host = await serve(root, home, folder);
  const browser = await chromium.launch(openedBy());
  try {
    for (const theme of ['light', 'dark'] as const) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: theme, reducedMotion: 'reduce' });
      const page = await context.newPage();
      await page.goto(host.address);
      const take = async (name: string): Promise<void> => {
        await page.evaluate(() => document.fonts.ready);
        // The pointer rests where nothing is.
        await page.mouse.move(640, 2);
        const file = join(to, theme === 'light' ? `${name}.png` : `${name}-dark.png`);
        await page.screenshot({ path: file });
        say(file);
      };
      if (theme === 'light') await tour(page, take, () => breakShop(project));
      else await darkTour(page, take);
      await context.close();
    }
  } finally {
    await browser.close();
    await host.end();
  }
} finally {
  if (values.data === undefined) rmSync(folder, { recursive: true, force: true });
}

type Take = (name: string) => Promise<void>;

async function tour(page: Page, take: Take, damage: () => void): Promise<void> {
  await page.getByRole('table', { name: 'Sources, worst first' }).waitFor();
  await take('home');

  await page
    .getByRole('navigation', { name: 'Pages' })
    .getByRole('link', { name: /^Shelf/ })
    .click();
  const shelf = page.getByRole('grid', { name: 'Snapshots' });
  await shelf.getByRole('row').nth(5).waitFor();
  await take('shelf');

  await shelf.getByRole('row', { name: /before-migration-0042/ }).dblclick();
  await page.getByRole('tab', { name: 'Proof' }).click();
  await page.getByRole('tabpanel').getByRole('heading').first().waitFor();
  await take('proof');
  await page.getByRole('tab', { name: 'Data' }).click();
  await page.getByRole('tabpanel').getByRole('row').nth(3).waitFor();
  await take('data');

  damage();
  await page
    .getByRole('navigation', { name: 'Pages' })
    .getByRole('link', { name: /^Shelf/ })
    .click();
  await shelf.getByRole('row', { name: /before-migration-0042/ }).click();
  await page.getByRole('button', { name: 'Rewind…' }).click();
  const sheet = page.getByRole('dialog', { name: /^Rewind shop/ });
  await sheet.getByText(/needed, .* free/).waitFor();
  await take('rewind');
  await sheet.getByRole('button', { name: 'Rewind', exact: true }).click();
  await sheet.getByText('Equal to what was captured', { exact: true }).waitFor();
  await take('rewound');
  await page.keyboard.press('Escape');

  for (const name of ['Drills', 'Storage'] as const) {
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click();
    await page.getByRole('img').first().waitFor();
    await page.waitForLoadState('networkidle');
    await take(name.toLowerCase());
  }
}

async function darkTour(page: Page, take: Take): Promise<void> {
  await page.getByRole('table', { name: 'Sources, worst first' }).waitFor();
  await take('home');
}
