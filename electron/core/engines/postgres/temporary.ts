import { rm } from 'node:fs/promises';
import type { EngineContext } from '../engine.ts';

/**
 * Removes a file before the folder that it is in goes as a whole, for its room only: what was done is done all the same, and an error that is on
 * its way says more than this one.
 */
export async function removeEarly(file: string, context: Pick<EngineContext, 'log'>): Promise<void> {
  try {
    await rm(file, { force: true });
  } catch (error) {
    context.log.warn('a temporary file could not be removed', { file, error });
  }
}
