import type { EngineContext } from './engine.ts';

/** The context of what has to come to its end whatever its caller does. */
export function uncancelled(context: EngineContext): EngineContext {
  return { ...context, signal: new AbortController().signal };
}
