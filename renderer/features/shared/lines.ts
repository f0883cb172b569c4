import { commandLine } from '../../../electron/contract/command-line.ts';
import type { LineOption } from '../../../electron/contract/command-line.ts';
import type { SnapshotSummary } from '../../../electron/contract/model.ts';

/** How a snapshot is pointed at on the command line: by the beginning of its id, which no other thing is called. */
export function refOf(snapshot: Pick<SnapshotSummary, 'id'>): string {
  return snapshot.id.slice(0, 8);
}

export interface SnapChoices {
  readonly source: string;
  readonly name?: string;
  readonly note?: string;
  readonly pin?: string;
  readonly level?: string;
}

/** For each act of the window the line of the command line that does the same. */
export const lines = {
  init: (encrypted: boolean) => commandLine('init', [], encrypted ? [] : ['--no-encryption']),
  add: (place: string, name: string) => commandLine('source add', [place], [['--name', name]]),
  snap: ({ source, name, note, pin, level }: SnapChoices) =>
    commandLine('snap', [source], [...option('--name', name), ...option('--note', note), ...option('--pin', pin), ...option('--level', level)]),
  rewind: (source: string, snapshot: SnapshotSummary, confirm?: string) =>
    commandLine('rewind', [source], [['--to', refOf(snapshot)], ...option('--confirm', confirm)]),
  hold: (snapshot: SnapshotSummary, confirm?: string) => commandLine('restore', [refOf(snapshot)], ['--hold', ...option('--confirm', confirm)]),
  restoreTo: (snapshot: SnapshotSummary, to: string) => commandLine('restore', [refOf(snapshot)], [['--to', to]]),
  promote: (held: string) => commandLine('promote', [held]),
  discard: (held: string) => commandLine('discard', [held]),
  verify: (snapshot: SnapshotSummary) => commandLine('verify', [refOf(snapshot)]),
  undo: (id: string) => commandLine('undo', [id]),
  show: (snapshot: SnapshotSummary) => commandLine('show', [refOf(snapshot)]),
  rows: (snapshot: SnapshotSummary, object: string) => commandLine('rows', [refOf(snapshot), object]),
  list: (source?: string) => commandLine('list', source === undefined ? [] : [source]),
  pin: (snapshot: SnapshotSummary, reason: string) => commandLine('pin', [refOf(snapshot), reason]),
  unpin: (snapshot: SnapshotSummary) => commandLine('unpin', [refOf(snapshot)]),
  export: (snapshot: SnapshotSummary, to: string) => commandLine('export', [refOf(snapshot)], [['--to', to]]),
  setSource: (name: string, environment: string, rpo?: string, rto?: string) =>
    commandLine('source set', [name], [['--environment', environment], ...option('--rpo', rpo), ...option('--rto', rto)]),
  removeSource: (name: string) => commandLine('source remove', [name]),
  journal: () => commandLine('journal list'),
  journalVerify: () => commandLine('journal verify'),
  demo: () => commandLine('demo'),
  damage: () => commandLine('demo', [], ['--damage']),
  cancel: (job: string) => commandLine('cancel', [job]),
  status: () => commandLine('status'),
  discover: (folder: string) => commandLine('discover', [folder]),
} as const;

function option(flag: string, value: string | undefined): LineOption[] {
  return value === undefined || value === '' ? [] : [[flag, value]];
}
