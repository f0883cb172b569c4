import type { EngineContext } from '../engine.ts';
import { longestName } from './location.ts';

/** The name of a database of ours beside another: `app__belay_undo_3f9a…`, never longer than PostgreSQL keeps. */
export function besideName(database: string, what: 'copy' | 'undo' | 'old' | 'ck', id: string): string {
  const tail = `__belay_${what}_${id}`;
  let head = '';
  for (const character of database) {
    if (Buffer.byteLength(head + character) + tail.length > longestName) break;
    head += character;
  }
  return head + tail;
}

export function newId(context: EngineContext): string {
  return Buffer.from(context.random.bytes(6)).toString('hex');
}
