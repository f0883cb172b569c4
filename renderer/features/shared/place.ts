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
export function orderOf(
  typed: Typed,
  userFolder?: string,
): { readonly engine: 'postgres' | 'sqlite'; readonly location: Record<string, string | number> } | undefined {
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
      const name = containerOf(typed);
      const user = typed.user === '' ? {} : { user: typed.user };
      return name === '' ? undefined : { engine: 'postgres', location: { url: `docker://${name}`, ...user, ...password } };
    }
    case 'file':
      return typed.file.trim() === '' ? undefined : { engine: 'sqlite', location: { path: pathOf(typed, userFolder) } };
  }
}

/** What `belay source add` takes for the same; never a password. */
export function placeOf(typed: Typed, userFolder?: string): string {
  switch (typed.kind) {
    case 'address':
      return withoutPassword(typed.address.trim()) || 'postgres://user@host:5432/database';
    case 'fields': {
      const user = typed.user === '' ? '' : `${encodeURIComponent(typed.user)}@`;
      return `postgres://${user}${hostInUrl(typed.host.trim())}:${typed.port}/${encodeURIComponent(typed.database)}`;
    }
    case 'container':
      return `docker://${containerOf(typed) || 'container'}`;
    case 'file':
      return pathOf(typed, userFolder) || './file.db';
  }
}

/** No shell expands `~` here, and the line quotes it. */
function pathOf({ file }: Typed, userFolder: string | undefined): string {
  const path = file.trim();
  return userFolder !== undefined && path.startsWith('~/') ? `${userFolder.replace(/\/$/, '')}${path.slice(1)}` : path;
}

function containerOf({ container }: Typed): string {
  return container.trim().replace(/^docker:\/\//, '');
}

/** The folder of a socket is escaped as libpq has it; an address of IPv6 stands in brackets. */
function hostInUrl(host: string): string {
  if (host.startsWith('/')) return encodeURIComponent(host);
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

/** What is typed already where discovery found something that asks for a login. */
export function typedOf({ location, add }: { readonly location: Readonly<Record<string, unknown>>; readonly add?: string | undefined }): Partial<Typed> {
  const { container, host, socket, port, user } = location;
  if (container !== undefined && add?.startsWith('docker://') === true) return { kind: 'container', container: add.slice('docker://'.length) };
  const place = host ?? socket;
  return {
    kind: 'fields',
    ...(typeof place === 'string' ? { host: place } : {}),
    ...(typeof port === 'number' ? { port: String(port) } : {}),
    ...(typeof user === 'string' ? { user } : {}),
  };
}

/** A name for a new source that no other one has: with its folder where the plain one is taken, as two projects' `dev.db` are. */
export function freeName(wanted: string, path: unknown, taken: ReadonlySet<string>): string {
  if (!taken.has(wanted)) return wanted;
  const folder = typeof path === 'string' ? path.split(/[\\/]/).at(-2) : undefined;
  const longer = folder === undefined || folder === '' ? wanted : `${folder}-${wanted}`;
  if (!taken.has(longer)) return longer;
  let number = 2;
  while (taken.has(`${longer}-${number}`)) number += 1;
  return `${longer}-${number}`;
}

/** Where something was found, as short as it is still clear: a file below the user's folder from `~`, a database by its server alone. */
export function whereOf({ location, description, suggestedName }: FoundPlace, folder: string): string {
  const { path } = location;
  if (typeof path === 'string') return path.startsWith(`${folder}/`) ? `~${path.slice(folder.length)}` : path;
  return description.startsWith(`${suggestedName}, `) ? description.slice(suggestedName.length + 2) : description;
}

interface FoundPlace {
  readonly location: Readonly<Record<string, unknown>>;
  readonly description: string;
  readonly suggestedName: string;
}
