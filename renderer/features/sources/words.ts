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

/** A URL as it may be shown: a password in it is none of anybody's business. */
export function withoutPassword(url: string): string {
  return url.replace(/^([a-z+]+:\/\/[^:/@?#\s]*):.*@/i, '$1@').replace(/([?&](?:password|restorePassword)=)[^&#\s]*/gi, '$1…');
}

export interface Typed {
  readonly kind: 'address' | 'fields' | 'container' | 'file';
  readonly address: string;
  readonly host: string;
  readonly port: string;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly container: string;
  readonly file: string;
}

export const nothingTyped: Typed = {
  kind: 'address',
  address: '',
  host: 'localhost',
  port: '5432',
  database: '',
  user: '',
  password: '',
  container: '',
  file: '',
};

/** What the host is asked to add; undefined while something that is needed is missing. */
export function orderOf(typed: Typed): { readonly engine: 'postgres' | 'sqlite'; readonly location: Record<string, string | number> } | undefined {
  const password = typed.password === '' ? {} : { password: typed.password };
  switch (typed.kind) {
    case 'address':
      return typed.address.trim() === '' ? undefined : { engine: 'postgres', location: { url: typed.address.trim(), ...password } };
    case 'fields': {
      const port = Number(typed.port);
      if (typed.host.trim() === '' || typed.database === '' || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
      const user = typed.user === '' ? {} : { user: typed.user };
      return { engine: 'postgres', location: { host: typed.host.trim(), port, database: typed.database, ...user, ...password } };
    }
    case 'container': {
      const name = typed.container.trim().replace(/^docker:\/\//, '');
      return name === '' ? undefined : { engine: 'postgres', location: { url: `docker://${name}`, ...password } };
    }
    case 'file':
      return typed.file.trim() === '' ? undefined : { engine: 'sqlite', location: { path: typed.file.trim() } };
  }
}

/** What `belay source add` takes for the same; never a password. */
export function placeOf(typed: Typed): string {
  switch (typed.kind) {
    case 'address':
      return withoutPassword(typed.address.trim()) || 'postgres://user@host:5432/database';
    case 'fields': {
      const user = typed.user === '' ? '' : `${encodeURIComponent(typed.user)}@`;
      return `postgres://${user}${typed.host.trim()}:${typed.port}/${encodeURIComponent(typed.database)}`;
    }
    case 'container':
      return `docker://${typed.container.trim().replace(/^docker:\/\//, '')}`;
    case 'file':
      return typed.file.trim() || './file.db';
  }
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
