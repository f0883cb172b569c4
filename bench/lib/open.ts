import { performance } from 'node:perf_hooks';
import { manifestMemory } from '../../electron/core/app/manifest-memory.ts';
import { silentLog, systemClock, systemRandom } from '../../electron/core/base/system.ts';
import { openRepository } from '../../electron/core/repository/open.ts';

/**
 * Opens the repository at a path and lists its snapshots, in a process that has just started; prints the milliseconds. With a data directory: one that has opened it
 * before, and remembers its manifests.
 */
const [path, home] = process.argv.slice(2);
if (path === undefined) throw new Error('usage: open.ts <repository> [<data directory>]');
const memory = home === undefined ? {} : { memory: manifestMemory(home, { random: systemRandom, log: silentLog }) };
const started = performance.now();
const repository = await openRepository(path, { unlock: { kind: 'none' }, ...memory }, { clock: systemClock, random: systemRandom, log: silentLog });
const { snapshots } = await repository.snapshots();
process.stdout.write(`${(performance.now() - started).toFixed(1)}\n`);
if (snapshots.length === 0) throw new Error('There is nothing in it.');
await repository.close();
