import { existsSync } from 'node:fs';

const usual = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** How the browser is started that benchmarks drive and pictures are taken in: what `BELAY_TEST_CHROMIUM` names, else the installed one. Throws where there is none. */
export function openedBy(): { readonly executablePath: string; readonly args: string[] } {
  const executablePath = [process.env['BELAY_TEST_CHROMIUM'] ?? '', ...usual].find((path) => path !== '' && existsSync(path));
  if (executablePath === undefined) throw new Error('There is no Chromium: install it, or name one in BELAY_TEST_CHROMIUM.');
  // Its sandbox refuses root.
  return { executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] };
}
