import { AppError } from '../base/errors.ts';
import type { Engine, ThrowAwayKind } from '../engines/engine.ts';

/** Where a throw-away copy is asked to be, in the engine's own word. Throws `engine.unsupported` where that engine has no such place. */
export function placeAsked(engine: Engine, asked: 'container' | 'scratch' | undefined): { readonly place?: ThrowAwayKind } {
  if (asked === undefined) return {};
  const place = asked === 'scratch' ? 'scratch-database' : asked;
  if (engine.capabilities.drill.includes(place)) return { place };
  throw new AppError('engine.unsupported', `${engine.title} is not restored into a ${place.replace('-', ' ')}.`, {
    hint: 'Leave --in out: it has one kind of throw-away place.',
  });
}
