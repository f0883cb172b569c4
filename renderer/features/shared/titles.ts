import { day } from '../../ui/format.ts';
import type { Job, SnapshotSummary } from '../../../electron/contract/model.ts';

/** What a snapshot is called where a title names it: its name in quotes, else when it was taken. */
export function titleOf(snapshot: SnapshotSummary, now: number): string {
  return snapshot.name === undefined ? `the snapshot of ${lower(day(snapshot.createdAt, now))}` : `“${snapshot.name}”`;
}

function lower(text: string): string {
  return /^(?:Today|Yesterday)/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}

/** A statement as the beginning of a line. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** How far a job is, where that is known: of bytes, else of rows. */
export function shareOf({ progress }: Pick<Job, 'progress'>): number | undefined {
  if (progress === undefined) return undefined;
  const { bytesDone, bytesTotal, rowsDone, rowsTotal } = progress;
  if (bytesDone !== undefined && bytesTotal !== undefined && bytesTotal > 0) return bytesDone / bytesTotal;
  if (rowsDone !== undefined && rowsTotal !== undefined && rowsTotal > 0) return rowsDone / rowsTotal;
  return undefined;
}
