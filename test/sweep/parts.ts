import { damage } from './damage/part.ts';
import { disk } from './disk/part.ts';
import { kills } from './kills.ts';
import { many } from './many/part.ts';
import type { SweepPart } from './part.ts';
import { power } from './power.ts';

/** In the order in which they are run. */
export const parts: readonly SweepPart[] = [kills, power, damage, disk, many];
