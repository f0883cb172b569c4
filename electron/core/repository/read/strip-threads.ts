import { BugError } from '../../base/errors.ts';
import { AnsweringThread } from './answering-thread.ts';
import type { StripAnswer, StripBlock, StripOrder } from './strip-messages.ts';

/** Threads that decode; the one that asks plans, reads and writes meanwhile. */
export const STRIP_THREADS = 2;

const entry = new URL('./strip-worker.ts', import.meta.url);
let threads: readonly AnsweringThread<StripOrder, StripAnswer>[] = [];

/** Decodes and proves a strip in whichever thread has least to do. The memory of the segments goes there. The threads serve everybody in this process. */
export async function decodeAside(order: Omit<StripOrder, 'number'>): Promise<readonly StripBlock[]> {
  if (threads.length === 0) threads = Array.from({ length: STRIP_THREADS }, () => new AnsweringThread(entry, 'belay strips'));
  const [free] = threads.toSorted((a, b) => a.waiting - b.waiting);
  if (free === undefined) throw new BugError('There is no thread to decode in.');
  const give = order.segments.flatMap(({ plain }) => (plain === undefined ? [] : [plain.buffer]));
  return (await free.ask(order, give)).blocks;
}
