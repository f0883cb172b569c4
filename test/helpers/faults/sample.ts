import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSweep } from './build.ts';
import type { ServerOrders } from './kept-server.ts';
import { Lane } from './lane.ts';
import { compileShim } from './preload.ts';

const shm = '/dev/shm';

/** Where trials in memory may lie; folders beside each other. */
export const memory = existsSync(shm) ? shm : tmpdir();

/** A lane of the fault sweep for a test: the product built with the sweep's programs, on a folder in memory. End it when done. */
export function sampleLane(server?: ServerOrders): { readonly lane: Lane; end(): Promise<void> } {
  const folder = mkdtempSync(join(memory, 'belay-sample-'));
  const build = buildSweep();
  const lane = new Lane({ folder: join(folder, 'lane'), build, shim: compileShim(folder), disk: false, ...(server === undefined ? {} : { server }) });
  const end = async (): Promise<void> => {
    await lane.end();
    build[Symbol.dispose]();
    rmSync(folder, { recursive: true, force: true });
  };
  return { lane, end };
}
