import { performance } from 'node:perf_hooks';
import { standardBelay } from '../../electron/core/app/standard.ts';

/** Makes a checkpoint of a source and rewinds to it in this process, as an open window does, some times; prints the milliseconds of each rewind as JSON. */
const [home, source, runs] = process.argv.slice(2);
if (home === undefined || source === undefined) throw new Error('usage: rewind.ts <data directory> <source> [runs]');
const belay = await standardBelay({ home, version: 'bench' }, { startedBy: 'command', clients: () => 1 });
const client = { client: 'bench' };
const times: number[] = [];
for (let run = 0; run < Number(runs ?? '3'); run += 1) {
  const { checkpoint } = await belay.call('checkpoint.create', { source }, client);
  const started = performance.now();
  await belay.call('rewind', { source, checkpoint: checkpoint.id }, client);
  times.push(performance.now() - started);
  await belay.call('checkpoint.drop', { source, id: checkpoint.id }, client);
}
process.stdout.write(`${JSON.stringify(times)}\n`);
await belay.close('the measurement ended');
