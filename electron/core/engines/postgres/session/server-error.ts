import pg from 'pg';
import { AppError, CancelledError, isCancelled, systemCode } from '../../../base/errors.ts';

/** SQLSTATE of a server's error; undefined for all others. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

type Side = 'source' | 'target';

interface Meaning {
  readonly source: AppError['code'];
  readonly target: AppError['code'];
  readonly says: string;
  readonly hint: string;
  readonly retryable?: true;
}

const unreachable = { source: 'source.unreachable', target: 'source.unreachable' } as const;
const denied = { source: 'source.denied', target: 'target.denied' } as const;

const meanings: readonly (readonly [prefix: string, Meaning])[] = [
  ['28', { ...denied, says: 'refused the role or its password', hint: 'Check the user and the password of the source, and the server’s pg_hba.conf.' }],
  ['3D000', { source: 'source.missing', target: 'target.missing', says: 'has no such database', hint: 'Check the name of the database.' }],
  ['42501', { ...denied, says: 'denied the right that was needed', hint: 'Use a role that may do this, or grant it the right.' }],
  ['53100', { source: 'source.unreachable', target: 'target.no-space', says: 'has no space left on its disk', hint: 'Free space on the disk of the server.' }],
  [
    '53300',
    {
      ...unreachable,
      says: 'has no connection left for this role',
      hint: 'Belay takes up to five at once. Raise the limit (ALTER ROLE … CONNECTION LIMIT, ALTER DATABASE … CONNECTION LIMIT, max_connections), or end sessions that do nothing.',
      retryable: true,
    },
  ],
  ['53', { ...unreachable, says: 'is out of connections or memory', hint: 'Try again later.', retryable: true }],
  ['57P', { ...unreachable, says: 'ended the connection, or is starting or stopping', hint: 'Try again once it is up.', retryable: true }],
  ['08', { ...unreachable, says: 'lost the connection', hint: 'Try again.', retryable: true }],
  [
    '55P03',
    {
      source: 'source.changed-during-capture',
      target: 'target.busy',
      says: 'did not get a lock in time: another session holds it',
      hint: 'Try again when the migration or maintenance that runs there is over.',
      retryable: true,
    },
  ],
  [
    '55006',
    {
      source: 'target.busy',
      target: 'target.busy',
      says: 'has the database in use by other sessions',
      hint: 'Stop the programs that use it, then try again.',
      retryable: true,
    },
  ],
  ['42P04', { source: 'target.exists', target: 'target.exists', says: 'has a database of this name already', hint: 'Name a database that does not exist.' }],
  [
    'XX001',
    { source: 'source.damaged', target: 'target.denied', says: 'found damaged data', hint: 'Check the server’s disk; restore the database from a snapshot.' },
  ],
  ['XX002', { source: 'source.damaged', target: 'target.denied', says: 'found a damaged index', hint: 'Run REINDEX on it.' }],
  ['58', { source: 'source.damaged', target: 'target.denied', says: 'cannot read or write its files', hint: 'Check the server’s disk and its log.' }],
];

/** Node's codes for a certificate that was looked at and refused. */
const certificateCodes: ReadonlySet<string> = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/**
 * An error of the server or of the way to it, under the code that it means on that side; errors that are ours already as they are.
 * `where` names the server or the object for people.
 */
export function serverError(error: unknown, where: string, side: Side, signal?: AbortSignal): unknown {
  if (signal?.aborted === true) return new CancelledError();
  if (error instanceof AppError || isCancelled(error)) return error;
  const state = sqlState(error);
  if (state === undefined) {
    // Errors of the driver carry no code of their own: what is no server's answer is a lost or missing connection.
    if (!(error instanceof Error) || error.name === 'BugError' || error instanceof TypeError) return error;
    const code = systemCode(error) ?? '';
    if (certificateCodes.has(code))
      return new AppError('source.unreachable', `${where} shows a certificate that is not accepted (${code}).`, {
        hint: 'sslrootcert names the authority that signed it; with verify-full the host must be one that it names.',
        details: { system: code },
        cause: error,
      });
    return new AppError('source.unreachable', `${where} cannot be reached.`, {
      hint: 'Check that the server runs and that host, port and sslmode are right.',
      details: { system: code },
      retryable: true,
      cause: error,
    });
  }
  const found = meanings.find(([prefix]) => state.startsWith(prefix))?.[1];
  const details = { sqlstate: state };
  if (found === undefined)
    return new AppError('tool.failed', `${where}: the server refused a statement (${state}).`, {
      hint: 'See the cause; the server’s log has it too.',
      details,
      cause: error,
    });
  return new AppError(found[side], `${where}: the server ${found.says}.`, {
    hint: found.hint,
    details,
    cause: error,
    ...(found.retryable === undefined ? {} : { retryable: true }),
  });
}
