import { quoteText } from '../sql.ts';

const lockTimeout = '10s';

/** Each with the version that knows it first. What a database, a role or the server has set for them holds for no moment of a session of ours. */
const pinned: readonly (readonly [name: string, value: string, since: number])[] = [
  ['TimeZone', 'UTC', 0],
  ['DateStyle', 'ISO,YMD', 0],
  ['IntervalStyle', 'postgres', 0],
  ['extra_float_digits', '3', 0],
  ['bytea_output', 'hex', 0],
  ['lc_monetary', 'C', 0],
  ['xmloption', 'content', 0],
  ['array_nulls', 'on', 0],
  ['transform_null_equals', 'off', 0],
  ['quote_all_identifiers', 'off', 0],
  ['standard_conforming_strings', 'on', 0],
  ['row_security', 'off', 0],
  ['default_transaction_read_only', 'off', 0],
  ['default_transaction_isolation', 'read committed', 0],
  ['default_transaction_deferrable', 'off', 0],
  // An error would end the session, and with it the locks.
  ['exit_on_error', 'off', 0],
  ['client_min_messages', 'warning', 0],
  ['statement_timeout', '0', 0],
  ['lock_timeout', lockTimeout, 0],
  ['idle_in_transaction_session_timeout', '0', 0],
  // A scan that joins another one in its middle gives the same rows in another order.
  ['synchronize_seqscans', 'off', 0],
  ['idle_session_timeout', '0', 140_000],
  ['transaction_timeout', '0', 170_000],
];

/** What only a superuser may set: triggers and foreign keys work, and damage is told instead of read as zeros. */
const pinnedBySuperusers: readonly (readonly [name: string, value: string])[] = [
  ['session_replication_role', 'origin'],
  ['zero_damaged_pages', 'off'],
  ['ignore_checksum_failure', 'off'],
];

function optionText(name: string, value: string): string {
  return `-c ${name}=${value.replaceAll(' ', String.raw`\ `)}`;
}

/**
 * Options of a login, which hold before its first statement. The search path is set by that: what the role would have by itself is a fact of the database that a
 * snapshot keeps, and is to be seen. Superusers of 17 and newer leave event triggers out: one on `login` would run before anything of ours.
 */
export function loginOptions(version: number, superuser: boolean): string {
  return [
    ...(version >= 170_000 && superuser ? ['-c event_triggers=off'] : []),
    ...(superuser ? pinnedBySuperusers.map(([name, value]) => optionText(name, value)) : []),
    ...pinned.filter(([, , since]) => since <= version).map(([name, value]) => optionText(name, value)),
  ].join(' ');
}

/**
 * Logins to be tried, from the one that holds most. None without options: what refuses them is a pooler, and what is set behind one may stay set for whoever comes next.
 */
export const logins: readonly string[] = [170_000, 140_000, 130_000].flatMap((version) => [loginOptions(version, true), loginOptions(version, false)]);

/** The next one after a refusal by SQLSTATE: without what the server does not know, without what the role may not set. Undefined where it says something else. */
export function nextLogin(at: number, state: string | undefined): number | undefined {
  // Not known to this version.
  if (state === '42704') return at + 2 - (at % 2) < logins.length ? at + 2 - (at % 2) : undefined;
  // Not this role's to set.
  return state === '42501' && at % 2 === 0 ? at + 1 : undefined;
}

/** What is told as done must outlive a crash, and with it all that was written before; a standby that is waited for stays waited for. */
const waited = `SELECT pg_catalog.set_config('synchronous_commit', 'on', false) WHERE pg_catalog.current_setting('synchronous_commit') = 'off'`;

/** The same once more where something on the way passed the options over. `client_encoding` is not the role's to choose either. */
export function settings(version: number, superuser: boolean, encoding: string): string {
  const values: readonly (readonly [string, string])[] = [
    ['search_path', ''],
    ...pinned.flatMap(([name, value, since]) => (since <= version ? [[name, value] as const] : [])),
    ...(superuser ? pinnedBySuperusers : []),
    ['client_encoding', encoding],
  ];
  return [...values.map(([name, value]) => `SET ${name} = ${quoteText(value)}`), waited].join('; ');
}
