import { powerPoints } from '../helpers/faults/points.ts';
import type { SweepPart } from './part.ts';
import { needsRoot, runPoints } from './run-points.ts';

/** Power cuts at every write-side call of every operation, with several guesses at what the disk had written by then. */
export const power: SweepPart = {
  name: 'power',
  title: 'power cuts on ext4 at every write-side call',
  hindrance: needsRoot,
  run: (options) => runPoints(options, powerPoints),
};
