import { AppError } from '../core/app/faces.ts';
import type { CommandOutput } from '../contract/commands.ts';
import type { Context } from './context.ts';

type Held = CommandOutput<'restore.held'>['held'][number];

/**
 * The held copy of that id, or the only one there is where none was named. Throws `undo.nothing` where none waits, and `input.ambiguous` where
 * several do.
 */
export async function chooseHeld(context: Context, id: string | undefined): Promise<Held> {
  const { held } = await context.call('restore.held', {});
  const list = 'See: belay restore --held';
  const found = id === undefined ? held : held.filter((each) => each.id === id);
  const [first, second] = found;
  if (first === undefined)
    throw new AppError('undo.nothing', id === undefined ? 'No restored copy waits for a decision.' : `No restored copy named ${id} waits for a decision.`, {
      hint: list,
    });
  if (second !== undefined)
    throw new AppError('input.ambiguous', `${found.length} restored copies wait for a decision, and none was named.`, {
      hint: list,
      details: { held: found.map((each) => each.id).slice(0, 50) },
    });
  return first;
}
