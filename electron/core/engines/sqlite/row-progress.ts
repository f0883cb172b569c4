import type { EngineContext } from '../engine.ts';

/** What the agent says while it fingerprints, as progress: the rows so far. */
export function tellRows(context: EngineContext): (value: unknown) => void {
  return (value) => {
    const rowsDone = reportedRows(value);
    if (rowsDone !== undefined) context.progress({ stage: 'fingerprinting', rowsDone });
  };
}

/** The rows in a progress message of the agent's fingerprint. */
export function reportedRows(value: unknown): number | undefined {
  return typeof value === 'object' && value !== null && 'rows' in value && typeof value.rows === 'number' ? value.rows : undefined;
}
