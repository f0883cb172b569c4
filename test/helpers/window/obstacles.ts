import axe from 'axe-core';
import type { Page } from 'playwright-core';

interface Found {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** What a person who needs assistance would stumble over, as axe judges it; the lightest kind is left out. */
export async function obstacles(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate<{ readonly violations: readonly Found[] }>('axe.run(document, { resultTypes: ["violations"] })');
  return found.violations
    .filter((one) => one.impact === 'serious' || one.impact === 'critical')
    .map((one) => `${one.id}: ${one.nodes.map((node) => `${node.html.slice(0, 160)} ${node.failureSummary ?? ''}`).join(' | ')}`);
}

/** The same in the light and in the dark theme, one after the other on the page as it stands. */
export async function obstaclesInBothThemes(page: Page): Promise<readonly string[]> {
  const found: string[] = [];
  for (const theme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme: theme });
    await page.locator(`html[data-theme=${theme}]`).waitFor();
    // Where motion is reduced every change is a transition of no length, and inherited colours follow one frame after another.
    await page.waitForFunction(() => document.getAnimations().length === 0);
    for (const one of await obstacles(page)) found.push(`${theme}: ${one}`);
  }
  return found;
}
