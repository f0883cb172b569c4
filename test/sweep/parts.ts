import { disk } from './disk/part.ts';
import { many } from './many/part.ts';
import type { SweepPart } from './part.ts';

/** In the order in which they are run. */
export const parts: readonly SweepPart[] = [disk, many];
