import { groundOf, quickTake } from './quick.ts';
import { churned, rowsOf } from './world.ts';

/** Takes a snapshot of what is always the same content in the repository of its argument. */
await quickTake(await groundOf(process.argv[2] ?? ''), new Map([['a', churned(rowsOf(400, 1), 5, 0.05)]]));
