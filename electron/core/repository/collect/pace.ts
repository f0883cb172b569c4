import { throwIfCancelled } from '../../base/errors.ts';
import { breathe, breather } from '../read/breathe.ts';

/** Steps of a few microseconds, of which some milliseconds' worth may follow each other. */
const STEPS_A_BREATH = 2048;

/** For loops over all entries or segments of an index: `if (pace.due()) await pace.rest()` in each step. */
export interface Pace {
  due(): boolean;
  /** Lets everything else have a turn. Throws `CancelledError`. */
  rest(): Promise<void>;
}

export function paceOf(signal: AbortSignal | undefined): Pace {
  const breaths = breather(STEPS_A_BREATH);
  return {
    due: () => breaths.due(),
    rest: async () => {
      throwIfCancelled(signal);
      await breathe();
    },
  };
}
