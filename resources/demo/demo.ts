// npm run demo: the main job, headless, in a temporary folder. Exits with 1 where anything is not as promised.
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../electron/cli/host.ts';
import { duration } from '../../electron/cli/output/format.ts';
import { runDemo } from './steps.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { readonly version: string };
const keep = process.argv.includes('--keep');
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'belay-demo-')));
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort());

const start = performance.now();
try {
  const client = await connect({ home: join(folder, 'home'), version });
  try {
    await runDemo({ client, folder, scale: 1, say: (line) => console.log(line), now: () => performance.now(), signal: stop.signal });
  } finally {
    await client.close();
  }
  console.log(`\nDone in ${duration(performance.now() - start)}: snapshotted, proved, damaged, rewound, and equal again.`);
} catch (error) {
  console.error(stop.signal.aborted ? 'The demo was interrupted.' : error);
  process.exitCode = stop.signal.aborted ? 130 : 1;
} finally {
  if (keep) console.log(`Kept: ${folder}`);
  else rmSync(folder, { recursive: true, force: true });
}
