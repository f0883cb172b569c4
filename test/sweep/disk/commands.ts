import { join } from 'node:path';
import type { DiskWorld } from './world.ts';

/**
 * What may come of a command on a full disk. `reads`: it works as with room, whatever is full. `frees`: it works too, for it is what leads out.
 * `writes`: it works, or says with its documented exit code that there is no room and what to do.
 */
export type Kind = 'reads' | 'frees' | 'writes';

export interface DiskCommand {
  readonly name: string;
  readonly kind: Kind;
  /** Its exit code with room. */
  readonly code: number;
  readonly args: (world: DiskWorld) => readonly string[];
  /** Names a new file that is wanted whole, or not there. */
  readonly makes?: (world: DiskWorld) => string;
  /** Facts that it takes away, and of which it makes at least one more, as they begin (`facts.ts`). */
  readonly takes?: (world: DiskWorld) => readonly string[];
  readonly adds?: string;
}

const simple = (kind: Kind, lines: readonly string[], code = 0): readonly DiskCommand[] =>
  lines.map((line) => ({ name: line, kind, code, args: () => line.split(' ') }));
/** Lines that each make at least one more fact that begins so. */
const adding = (adds: string, lines: readonly string[]): readonly DiskCommand[] => simple('writes', lines).map((one) => ({ ...one, adds }));
const second = ({ known }: DiskWorld): string => [...known.contents.keys()][1] ?? '';

const phrase = (world: DiskWorld): readonly string[] => ['--new-passphrase-file', join(world.roomy, 'phrase')];
const exported = (world: DiskWorld): string => join(world.roomy, 'out.sqlite');
const copy = (world: DiskWorld): string => join(world.app, 'copy.db');

/** Every command of the command line but those that need another engine, a terminal, or stay. */
export const commands: readonly DiskCommand[] = [
  ...simple('reads', [
    'status',
    'source list',
    'source test shop',
    'discover',
    'list',
    'list shop --find state',
    'show 2',
    'rows 2',
    'jobs --all',
    'journal',
    'journal verify',
    'undo --list',
    'restore --held',
    'checkpoint list',
    'drill list',
    'drill show',
    'diff 1 2 --table items',
    'compare shop 3',
    'key list',
    'unlock',
    'check list',
    'check --level structure',
    'check --level decoded',
    'check --snapshot 1',
    'snap shop --dry-run',
    'forget 1 --dry-run',
    'collect --dry-run',
    'collect --dry-run --purge-now',
    'repair --dry-run',
    'rebuild-catalog',
    'verify 2 --level intact',
    'completion bash',
    '__complete -- belay sho',
  ]).map((one) => (/^(diff|compare)/.test(one.name) ? { ...one, code: 8 } : one)),
  ...simple('reads', ['cancel j0000000000'], 3),
  { name: 'export elsewhere', kind: 'reads', code: 0, args: (world) => ['export', '1', '--to', exported(world)], makes: exported },
  { name: 'import --dry-run', kind: 'reads', code: 0, args: (world) => ['import', join(world.roomy, 'native.sqlite'), '--dry-run'] },
  { name: 'source add --dry-run', kind: 'reads', code: 0, args: (world) => ['source', 'add', join(world.roomy, 'native.sqlite'), '--dry-run'] },
  ...simple('frees', ['forget 1 --yes', 'forget 1 3 --yes', 'collect --yes', 'check', 'collect --purge-now --yes', 'repair']),
  {
    name: 'undo --discard',
    kind: 'frees',
    code: 0,
    args: ({ known }) => ['undo', known.undo, '--discard', '--yes'],
    takes: ({ known }) => [`undo ${known.undo}`],
  },
  { name: 'discard', kind: 'frees', code: 0, args: ({ known }) => ['discard', known.held, '--yes'], takes: ({ known }) => [`held ${known.held}`] },
  {
    name: 'checkpoint drop',
    kind: 'frees',
    code: 0,
    args: ({ known }) => ['checkpoint', 'drop', 'shop', known.checkpoint, '--yes'],
    takes: ({ known }) => [`checkpoint ${known.checkpoint}`],
  },
  ...simple('writes', [
    'doctor',
    'verify 1',
    'verify 1 --level complete',
    'drill note --note seen',
    'restore 1 --throw-away',
    'restore 1 --to shop --dry-run',
    'rewind shop --dry-run',
    'run --source shop -- true',
  ]),
  ...adding('snapshot ', ['snap shop', 'snap shop --level proved --pin why --tag new-tag']),
  ...adding('tag ', ['tag 2 new-tag']),
  ...adding('pin ', ['pin 1 why']),
  ...adding('targets shop', ['source set shop --rpo 5h']),
  ...adding('drill ', ['drill shop']),
  ...adding('undo ', ['restore 1 --to shop', 'restore 1 --to shop --in-place', 'rewind shop --to 1']),
  ...adding('held ', ['restore 1 --to shop --hold']),
  ...adding('checkpoint ', ['checkpoint create shop']),
  ...adding('slot ', ['key add recovery']),
  ...adding('source ', ['demo']),
  ...simple('writes', ['unpin 2']).map((one) => ({ ...one, takes: (world: DiskWorld) => [`pin ${second(world)}`] })),
  // Checkpoints are listed by their sources.
  ...simple('writes', ['source remove shop']).map((one) => ({ ...one, takes: () => ['source shop', 'targets shop', 'checkpoint '] })),
  ...simple('writes', ['undo']).map((one) => ({ ...one, takes: ({ known }: DiskWorld) => [`undo ${known.undo}`] })),
  { name: 'rows --query', kind: 'writes', code: 0, args: () => ['rows', '2', '--query', 'select count(*) from items'] },
  { name: 'rewind --checkpoint', kind: 'writes', code: 0, args: ({ known }) => ['rewind', 'shop', '--checkpoint', known.checkpoint], adds: 'undo ' },
  { name: 'undo --keep', kind: 'writes', code: 0, args: ({ known }) => ['undo', known.undo, '--keep'], adds: 'kept ' },
  { name: 'promote', kind: 'writes', code: 0, args: ({ known }) => ['promote', known.held], takes: ({ known }) => [`held ${known.held}`], adds: 'undo ' },
  { name: 'restore --to', kind: 'writes', code: 0, args: (world) => ['restore', '1', '--to', copy(world)], makes: copy },
  { name: 'export beside', kind: 'writes', code: 0, args: (world) => ['export', '1', '--to', copy(world)], makes: copy },
  {
    name: 'restore --file',
    kind: 'writes',
    code: 0,
    args: (world) => ['restore', '--file', join(world.roomy, 'native.sqlite'), '--to', copy(world)],
    makes: copy,
  },
  { name: 'verify a file', kind: 'writes', code: 0, args: (world) => ['verify', join(world.roomy, 'native.sqlite'), '--against', '3'] },
  { name: 'import', kind: 'writes', code: 0, args: (world) => ['import', join(world.roomy, 'native.sqlite'), '--source', 'old'], adds: 'snapshot ' },
  { name: 'source add', kind: 'writes', code: 0, args: (world) => ['source', 'add', join(world.roomy, 'native.sqlite'), '--name', 'other'], adds: 'source ' },
  { name: 'key add passphrase', kind: 'writes', code: 0, args: (world) => ['key', 'add', 'passphrase', ...phrase(world)], adds: 'slot ' },
  { name: 'key add keyfile', kind: 'writes', code: 0, args: (world) => ['key', 'add', 'keyfile', join(world.app, 'another.key')], adds: 'slot ' },
  { name: 'key remove', kind: 'writes', code: 0, args: ({ known }) => ['key', 'remove', known.slot, '--yes'], takes: ({ known }) => [`slot ${known.slot}`] },
  {
    name: 'init elsewhere',
    kind: 'writes',
    code: 0,
    args: (world) => ['init', join(world.app, 'repository-2'), '--no-encryption', '--home', join(world.app, 'home-2')],
  },
];
