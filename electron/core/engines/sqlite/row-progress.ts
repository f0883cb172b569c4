import type { Progress } from '../../base/ports.ts';
import type { EngineContext } from '../engine.ts';

/** What the agent says while it fingerprints, as progress: the rows so far, and of about how many where that can be told. */
export function tellRows(context: EngineContext): (value: unknown) => void {
  return (value) => {
    const rows = reportedRows(value);
    if (rows !== undefined) context.progress({ stage: 'fingerprinting', ...shownRows(rows.rows, rows.of) });
  };
}

/** Rows done and their total. The total is an estimate, left out once there are more. */
export function shownRows(done: number, of: number | undefined): Pick<Progress, 'rowsDone' | 'rowsTotal'> {
  return { rowsDone: done, ...(of === undefined || done > of ? {} : { rowsTotal: of }) };
}

/** The rows in a progress message of the agent's fingerprint. */
export function reportedRows(value: unknown): { readonly rows: number; readonly of: number | undefined } | undefined {
  if (typeof value !== 'object' || value === null || !('rows' in value) || typeof value.rows !== 'number') return undefined;
  return { rows: value.rows, of: 'of' in value && typeof value.of === 'number' ? value.of : undefined };
}
