import { faultPoints } from '../helpers/faults/points.ts';
import type { SweepPart } from './part.ts';
import { needsRoot, runPoints } from './run-points.ts';

/** Every fault but the power at every write-side call of every operation. */
export const kills: SweepPart = {
  name: 'kills',
  title: 'kill -9, torn and short writes, EIO and a full disk once and for good, failed fsyncs, at every write-side call',
  hindrance: needsRoot,
  run: (options) => runPoints(options, faultPoints),
};
