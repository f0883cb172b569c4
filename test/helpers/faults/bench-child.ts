import { Bench } from './bench.ts';
import { diskGround, folderGround } from './ground.ts';
import { operations } from './operations/all.ts';
import type { Ask, Answer } from './lane.ts';

/** A bench in a process of its own: begins operations, tries faults of the last one, ends, as its parent asks. */
let bench: Bench | undefined;

async function answer(ask: Ask): Promise<Answer> {
  if (ask.kind === 'try') {
    if (bench === undefined) throw new Error('nothing was begun');
    return { kind: 'tried', ...(await bench.try(ask.arming)) };
  }
  if (ask.kind === 'end') {
    await bench?.end();
    bench = undefined;
    return { kind: 'ended' };
  }
  const operation = operations.find((one) => one.name === ask.operation);
  if (operation === undefined) throw new Error(`there is no operation ${ask.operation}`);
  const { folder, program, shim, server } = ask;
  bench ??= new Bench({ folder, program, shim, ...(server === undefined ? {} : { server }), ground: ask.disk ? diskGround(folder) : folderGround(folder) });
  return { kind: 'begun', seen: await bench.begin(operation) };
}

process.on('message', (ask: Ask) => {
  void answer(ask)
    .catch((error: unknown): Answer => ({ kind: 'failed', text: error instanceof Error ? String(error.stack) : String(error) }))
    .then((reply) => process.send?.(reply, () => (ask.kind === 'end' ? process.exit(0) : undefined)));
});
// A parent that is gone asks for nothing more.
process.on('disconnect', () => void answer({ kind: 'end' }).finally(() => process.exit(0)));
