import type { CommandSpec } from './spec.ts';

export interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly group: string;
  readonly load: () => Promise<CommandSpec>;
}

/**
 * Every command by name, with what `belay --help` says of it. Only the file of the command that runs is loaded, which keeps
 * the start fast.
 */
export const registry: readonly Entry[] = [
  { group: 'Begin', name: 'status', summary: 'what is here and what to do next', load: async () => (await import('./commands/status.ts')).status },
  { group: 'Begin', name: 'init', summary: 'make the repository that snapshots go to', load: async () => (await import('./commands/init.ts')).init },
  {
    group: 'Begin',
    name: 'source',
    summary: 'add, list, change, test or remove what can be snapshotted',
    load: async () => (await import('./commands/source.ts')).source,
  },
  {
    group: 'Begin',
    name: 'discover',
    summary: 'find databases near a folder, in containers and on this machine',
    load: async () => (await import('./commands/discover.ts')).discover,
  },
  { group: 'Begin', name: 'demo', summary: 'make a database to try everything on', load: async () => (await import('./commands/demo.ts')).demo },
  {
    group: 'Begin',
    name: 'doctor',
    summary: 'what this machine has and lacks, and what to do',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },

  { group: 'Snapshots', name: 'snap', summary: 'take a snapshot of a source', load: async () => (await import('./commands/snap.ts')).snap },
  { group: 'Snapshots', name: 'list', summary: 'list snapshots', load: async () => (await import('./commands/list.ts')).list },
  { group: 'Snapshots', name: 'show', summary: 'what is in a snapshot and how far it is proved', load: async () => (await import('./commands/show.ts')).show },
  {
    group: 'Snapshots',
    name: 'rows',
    summary: 'browse the rows of a snapshot without restoring it',
    load: async () => (await import('./commands/rows.ts')).rows,
  },
  { group: 'Snapshots', name: 'tag', summary: 'add or remove tags', load: async () => (await import('./commands/tag.ts')).tag },
  { group: 'Snapshots', name: 'pin', summary: 'hold a snapshot for ever, with a reason', load: async () => (await import('./commands/pin.ts')).pin },
  { group: 'Snapshots', name: 'unpin', summary: 'release a pinned snapshot', load: async () => (await import('./commands/unpin.ts')).unpin },
  { group: 'Snapshots', name: 'forget', summary: 'forget snapshots', load: async () => (await import('./commands/forget.ts')).forget },

  {
    group: 'Going back',
    name: 'rewind',
    summary: 'put a source back to a snapshot or checkpoint',
    load: async () => (await import('./commands/rewind.ts')).rewind,
  },
  { group: 'Going back', name: 'undo', summary: 'take back the newest rewind or restore', load: async () => (await import('./commands/undo.ts')).undo },
  {
    group: 'Going back',
    name: 'restore',
    summary: 'restore a snapshot or a native file to a place of choice',
    load: async () => (await import('./commands/restore.ts')).restore,
  },
  { group: 'Going back', name: 'promote', summary: 'put a held copy in its place', load: async () => (await import('./commands/promote.ts')).promote },
  { group: 'Going back', name: 'discard', summary: 'remove a held copy', load: async () => (await import('./commands/discard.ts')).discard },
  {
    group: 'Going back',
    name: 'checkpoint',
    summary: 'instant copies beside the source, for the dev loop',
    load: async () => (await import('./commands/checkpoint.ts')).checkpoint,
  },
  {
    group: 'Going back',
    name: 'run',
    summary: 'snapshot, run a command, offer to rewind when it fails',
    load: async () => (await import('./commands/run.ts')).run,
  },

  { group: 'Proof', name: 'verify', summary: 'prove a snapshot, or check a native file', load: async () => (await import('./commands/verify.ts')).verify },
  {
    group: 'Proof',
    name: 'drill',
    summary: 'restore into a throw-away place, compare, time it, keep the record',
    load: async () => (await import('./commands/drill.ts')).drill,
  },
  { group: 'Proof', name: 'compare', summary: 'compare the live source with a snapshot', load: async () => (await import('./commands/compare.ts')).compare },
  { group: 'Proof', name: 'diff', summary: 'what changed between two snapshots, or since one', load: async () => (await import('./commands/diff.ts')).diff },
  { group: 'Proof', name: 'check', summary: 'check the repository, every byte of it', load: async () => (await import('./commands/check.ts')).check },

  { group: 'In and out', name: 'export', summary: 'write a snapshot as a native file', load: async () => (await import('./commands/export.ts')).exportCommand },
  { group: 'In and out', name: 'import', summary: 'take in native files', load: async () => (await import('./commands/import.ts')).importCommand },

  { group: 'Repository', name: 'key', summary: 'who can open an encrypted repository', load: async () => (await import('./commands/key.ts')).key },
  { group: 'Repository', name: 'collect', summary: 'free the space of what was forgotten', load: async () => (await import('./commands/collect.ts')).collect },
  {
    group: 'Repository',
    name: 'repair',
    summary: 'mend what can be mended, beside what is there',
    load: async () => (await import('./commands/repair.ts')).repair,
  },
  { group: 'Repository', name: 'unlock', summary: 'remove a lock that another machine left', load: async () => (await import('./commands/unlock.ts')).unlock },
  {
    group: 'Repository',
    name: 'rebuild-catalog',
    summary: 'rebuild the catalog from the repository',
    load: async () => (await import('./commands/rebuild-catalog.ts')).rebuildCatalog,
  },

  { group: 'Work and record', name: 'jobs', summary: 'what is running, and what ran', load: async () => (await import('./commands/jobs.ts')).jobs },
  { group: 'Work and record', name: 'cancel', summary: 'cancel a job', load: async () => (await import('./commands/cancel.ts')).cancel },
  {
    group: 'Work and record',
    name: 'journal',
    summary: 'who did what, when; and whether the record is whole',
    load: async () => (await import('./commands/journal.ts')).journal,
  },
  { group: 'Work and record', name: 'serve', summary: 'serve this data directory on loopback', load: async () => (await import('./commands/serve.ts')).serve },
  {
    group: 'Work and record',
    name: 'completion',
    summary: 'print the completion script of a shell',
    load: async () => (await import('./commands/completion.ts')).completion,
  },
];

/** Not listed: what completion scripts call. */
export const hiddenEntry: Entry = {
  group: '',
  name: '__complete',
  summary: 'candidates for the word being typed',
  load: async () => (await import('./commands/complete.ts')).complete,
};

export function entryOf(name: string): Entry | undefined {
  return name === hiddenEntry.name ? hiddenEntry : registry.find((entry) => entry.name === name);
}
