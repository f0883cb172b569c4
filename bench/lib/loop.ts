import { mkdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { standardBelay } from '../../electron/core/app/standard.ts';

/** Snapshots `database` in this process and prints the longest time that the event loop was blocked meanwhile, milliseconds. */
const [database, home] = process.argv.slice(2);
if (database === undefined || home === undefined) throw new Error('usage: loop.ts <database> <data directory>');
mkdirSync(home, { mode: 0o700 });
const belay = await standardBelay({ home, version: 'bench' }, { startedBy: 'command', clients: () => 1 });
const client = { client: 'bench' };
await belay.call('repository.init', {}, client);
await belay.call('sources.add', { name: 'bench', location: { path: database }, baseFolder: '/' }, client);
const resolution = 5;
const delay = monitorEventLoopDelay({ resolution });
delay.enable();
await belay.call('snapshot.create', { source: 'bench' }, client);
delay.disable();
process.stdout.write(`${Math.max(0, delay.max / 1e6 - resolution).toFixed(1)}\n`);
await belay.close('the measurement ended');
