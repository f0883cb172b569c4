import type { CommandOutput } from '../../../electron/contract/commands.ts';

export type Tested = CommandOutput<'sources.test'>;
export type Known = CommandOutput<'sources.overview'>['sources'][number];
export type FoundOne = CommandOutput<'discover'>['found'][number];

const consistencies: Readonly<Record<Tested['consistency'], string>> = {
  transaction: 'A snapshot is of one point: all tables as one transaction sees them.',
  oplog: 'A snapshot is of one point, by the log of operations.',
  fork: 'A snapshot is of one point, as the server forks for it.',
  file: 'Each file is of one point by itself; several files are not of the same.',
  none: 'A snapshot is not of one point: what is written meanwhile may be in it in part.',
};

/** At how many points a capture is, as a sentence. */
export function consistencyWords(consistency: Tested['consistency']): string {
  return consistencies[consistency];
}

/** Tools with one version and origin together, as they are told on a line. */
export function toolWords(tools: Tested['tools']): string {
  const [first] = tools;
  if (first === undefined) return 'none needed';
  const alike = tools.every(({ version, origin }) => version === first.version && origin === first.origin);
  const named = tools.map(({ tool, version, origin }) => `${tool} ${version}, ${origin}`);
  return alike ? `${tools.map(({ tool }) => tool).join(', ')} ${first.version}, ${first.origin}` : named.join('; ');
}

export const groups = [
  ['containers', 'In containers'],
  ['servers', 'On database servers'],
  ['files', 'SQLite files'],
] as const;

/** Where something that was found runs. */
export function groupOf({ engine, location }: Pick<FoundOne, 'engine' | 'location'>): (typeof groups)[number][0] {
  if (engine === 'sqlite') return 'files';
  return location['container'] === undefined ? 'servers' : 'containers';
}
