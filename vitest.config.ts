import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// Timeouts end what hangs, nothing else: a machine that others use, too, may take five times as long.
const project = (name: string, include: string[], timeout: number, more: { readonly isolate?: boolean } = {}) => ({
  test: {
    name,
    include,
    testTimeout: timeout,
    hookTimeout: timeout,
    // What is waited for comes when the machine gets to it; one second is too short for a window on a busy one.
    expect: { poll: { timeout: 60_000 } },
    pool: 'forks' as const,
    ...more,
  },
});

export default defineConfig({
  test: {
    // Tests wait for servers and disks more than they compute: one file at a time would leave a small machine idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      // A process for each file would be most of what the small ones cost.
      project('unit', ['test/unit/**/*.test.ts'], 120_000, { isolate: false }),
      project('contract', ['test/contract/**/*.test.ts'], 300_000),
      project('engines', ['test/engines/**/*.test.ts'], 600_000),
      project('compat', ['test/compat/**/*.test.ts'], 300_000),
      project('e2e', ['test/e2e/**/*.test.ts'], 600_000),
      project('window', ['test/window/**/*.test.ts'], 600_000),
      project('electron', ['test/electron/**/*.test.ts'], 600_000),
      project('faults', ['test/faults/**/*.test.ts'], 600_000),
    ],
  },
});
