import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The headless proof that the main job runs, as a newcomer starts it. */
test('npm run demo snapshots, proves, damages, rewinds and finds equal', () => {
  const run = spawnSync(process.execPath, ['tools/run.mjs', 'resources/demo/demo.ts'], { cwd: root, encoding: 'utf8', timeout: 500_000 });
  expect(run.status, `${run.stdout}\n${run.stderr}`).toBe(0);
  expect(run.stdout).toMatch(/100,000 rows/);
  expect(run.stdout).toMatch(/snapshotted, proved, damaged, rewound, and equal again/);
});
