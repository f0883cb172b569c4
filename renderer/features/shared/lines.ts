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

export interface DrillChoices {
  readonly source: string;
  readonly snapshot?: string;
  readonly in?: string;
  readonly within?: string;
  readonly by?: string;
  readonly checks?: readonly LineOption[];
}

/** For each act of the window the line of the command line that does the same. */
export const lines = {
  init: (encrypted: boolean) => commandLine('init', [], encrypted ? [] : ['--no-encryption']),
  add: (place: string, name: string) => commandLine('source add', [place], [['--name', name]]),
  addSource: (place: string, name: string, environment: string) =>
    commandLine('source add', [place], [...option('--name', name), ...option('--environment', environment === 'dev' ? '' : environment)]),
  testSource: (name: string) => commandLine('source test', [name]),
  sources: () => commandLine('source list'),
  snap: ({ source, name, note, pin, level }: SnapChoices) =>
    commandLine('snap', [source], [...option('--name', name), ...option('--note', note), ...option('--pin', pin), ...option('--level', level)]),
  rewind: (source: string, snapshot: SnapshotSummary, confirm?: string, more: readonly LineOption[] = []) =>
    commandLine('rewind', [source], [['--to', refOf(snapshot)], ...option('--confirm', confirm), ...more]),
  hold: (snapshot: SnapshotSummary, confirm?: string, more: readonly LineOption[] = []) =>
    commandLine('restore', [refOf(snapshot)], ['--hold', ...option('--confirm', confirm), ...more]),
  restoreTo: (snapshot: SnapshotSummary, to: string, more: readonly LineOption[] = []) =>
    commandLine('restore', [refOf(snapshot)], [['--to', to], '--hold', ...more]),
  promote: (held: string) => commandLine('promote', [held]),
  discard: (held: string) => commandLine('discard', [held]),
  verify: (snapshot: SnapshotSummary, more: readonly LineOption[] = []) => commandLine('verify', [refOf(snapshot)], more),
  undo: (id: string) => commandLine('undo', [id]),
  diff: (before: SnapshotSummary, after: SnapshotSummary | undefined, table?: string) =>
    commandLine('diff', [refOf(before), ...(after === undefined ? [] : [refOf(after)])], option('--table', table)),
  merge: (snapshot: SnapshotSummary, table: string, differing: string, confirm?: string) =>
    commandLine('restore', [refOf(snapshot)], [['--table', table], '--merge', ...option('--differing', differing), ...option('--confirm', confirm)]),
  show: (snapshot: SnapshotSummary) => commandLine('show', [refOf(snapshot)]),
  rows: (snapshot: SnapshotSummary, object: string) => commandLine('rows', [refOf(snapshot), object]),
  list: (source?: string) => commandLine('list', source === undefined ? [] : [source]),
  pin: (snapshot: SnapshotSummary, reason: string) => commandLine('pin', [refOf(snapshot), reason]),
  unpin: (snapshot: SnapshotSummary) => commandLine('unpin', [refOf(snapshot)]),
  export: (snapshot: SnapshotSummary, to: string, replace: boolean) =>
    commandLine('export', [refOf(snapshot)], [['--to', to], ...(replace ? ['--replace' as const] : [])]),
  setSource: (name: string, environment: string, rpo?: string, rto?: string) =>
    commandLine('source set', [name], [['--environment', environment], ...option('--rpo', rpo), ...option('--rto', rto)]),
  removeSource: (name: string) => commandLine('source remove', [name]),
  journal: () => commandLine('journal list'),
  journalVerify: () => commandLine('journal verify'),
  demo: () => commandLine('demo'),
  damage: () => commandLine('demo', [], ['--damage']),
  cancel: (job: string) => commandLine('cancel', [job]),
  doctor: () => commandLine('doctor'),
  keys: () => commandLine('key list'),
  addKey: (kind: string, file?: string) => commandLine('key add', [kind, ...(file === undefined ? [] : [file])]),
  removeKey: (slot: string) => commandLine('key remove', [slot.slice(0, 8)]),
  changePassphrase: (slot?: string) => commandLine('key passphrase', [], option('--slot', slot?.slice(0, 8))),
  status: () => commandLine('status'),
  discover: (folder: string) => commandLine('discover', [folder]),
  drill: (order: DrillChoices) =>
    commandLine(
      'drill',
      [order.source],
      [
        ...option('--snapshot', order.snapshot),
        ...option('--in', order.in),
        ...option('--within', order.within),
        ...(order.checks ?? []),
        ...option('--by', order.by),
      ],
    ),
  drillList: (report?: string) => commandLine('drill list', [], option('--report', report)),
  drillShow: (id: string, report?: string) => commandLine('drill show', [id], option('--report', report)),
  drillNote: (id: string, kind: 'note' | 'blocker', text: string) => commandLine('drill note', [id], [[`--${kind}`, text]]),
  check: (level: string) => commandLine('check', [], level === 'authenticated' ? [] : [['--level', level]]),
  checkList: () => commandLine('check list'),
  collect: (purgeNow: boolean, dryRun: boolean) => commandLine('collect', [], [...(dryRun ? ['--dry-run'] : []), ...(purgeNow ? ['--purge-now'] : [])]),
  repair: (dryRun: boolean) => commandLine('repair', [], dryRun ? ['--dry-run'] : []),
  acceptLoss: () => commandLine('repair', [], ['--accept-loss']),
  unlock: (lock?: string) => commandLine('unlock', lock === undefined ? [] : [lock]),
  rebuildCatalog: () => commandLine('rebuild-catalog'),
} as const;

function option(flag: string, value: string | undefined): LineOption[] {
  return value === undefined || value === '' ? [] : [[flag, value]];
}
