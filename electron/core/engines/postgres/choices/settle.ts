import type { Fingerprint, ObjectRow, RestoreChoices, SnapshotContent } from '../../engine.ts';
import { readArchive, type ArchiveEntry } from '../archive/archive.ts';
import { settleBy, type Settled } from './asked.ts';
import { settleExtensions } from './extensions.ts';
import { deniedBlockers } from './may-make.ts';
import { notWhole, type Facts, type Stored } from '../restore/objects.ts';
import { select } from './select.ts';
import type { Session } from '../session/session.ts';
import { homeOf, newServersSpaces, readSpaces, settleTablespaces, type Spaces } from './tablespaces.ts';

/** What a restore of a snapshot begins from. */
export interface Captured {
  readonly facts: Facts;
  readonly fingerprint: Fingerprint;
  /** The whole table of contents of its skeleton. */
  readonly entries: readonly ArchiveEntry[];
  /** Those that are restored. */
  readonly wanted: readonly ArchiveEntry[];
}

/** Throws `object.unknown` where a pattern of what is chosen matches nothing. */
export async function readCaptured(
  snapshot: SnapshotContent,
  stored: Stored,
  facts: Facts,
  choices: RestoreChoices | undefined,
  signal: AbortSignal,
): Promise<Captured> {
  const entries = await readArchive(whole(snapshot.read(stored.skeleton.name, signal), stored.skeleton));
  const { schemas = [], tables = [] } = choices?.only ?? {};
  const selection = choices?.only === undefined ? undefined : select(entries, stored.tables, { schemas, tables });
  const leftOut = new Set([...(facts.part?.leftOut ?? []), ...(selection?.leftOut ?? [])]);
  return { facts, fingerprint: snapshot.fingerprint, entries, wanted: entries.filter((one) => !leftOut.has(one.id)) };
}

/** Where an end comes too early, that is told, and not that what was read until then makes no sense. */
async function* whole(parts: AsyncIterable<Uint8Array>, { name, length }: ObjectRow): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const part of parts) {
    bytes += part.length;
    yield part;
  }
  if (bytes !== (length ?? bytes)) throw notWhole(name);
}

/**
 * Settles the choices by what a server has, and finds what stands in the way there; nothing is written. Throws `input.invalid` where they name what the
 * snapshot does not have.
 */
export async function settleChoices(server: Session, captured: Captured, choices: RestoreChoices = {}): Promise<Settled> {
  const { facts, fingerprint, wanted } = captured;
  const rows = await server.rows<{ name: string; own: boolean }>('SELECT rolname AS name, rolname = current_user AS own FROM pg_catalog.pg_roles');
  const there = { roles: rows.map((row) => row.name), own: rows.find((row) => row.own)?.name ?? null };
  const settled = withSpaces(settleBy(there, facts, fingerprint, choices), captured, await readSpaces(server), choices);
  const made = facts.extensions.filter(
    ({ name }) => !settled.asked.skipExtensions.includes(name) && wanted.some((one) => one.what === 'EXTENSION' && one.tag === name),
  );
  const { versions, ...told } = await settleExtensions(server, made);
  const asked = { ...settled.asked, ...(Object.keys(versions).length === 0 ? {} : { extensionVersions: versions }) };
  const denied = await deniedBlockers(server, wanted, asked, facts.database);
  return {
    ...settled,
    asked,
    blockers: [...told.blockers, ...settled.blockers, ...denied],
    warnings: [...settled.warnings, ...told.warnings],
  };
}

/** As `settleChoices`, as far as it can be said of a server that is still to be made, of which `own` restores and which has every captured role. */
export function settleForNew(own: string, captured: Captured, choices: RestoreChoices = {}): Settled {
  const { facts, fingerprint } = captured;
  const there = { roles: [...facts.roles, own], own };
  return withSpaces(settleBy(there, facts, fingerprint, choices), captured, newServersSpaces, choices);
}

function withSpaces(settled: Settled, { entries, wanted, facts }: Captured, spaces: Spaces, choices: RestoreChoices): Settled {
  const home = homeOf(facts.database);
  const named = (some: readonly ArchiveEntry[]): string[] => [
    ...new Set([home, ...some.flatMap(({ tablespace }) => (tablespace === undefined ? [] : [tablespace]))]),
  ];
  const { moved, blockers, warnings } = settleTablespaces({ all: named(entries), wanted: named(wanted), home }, spaces, choices);
  const asked = { ...settled.asked, ...(Object.keys(moved).length === 0 ? {} : { movedTablespaces: moved }) };
  return { ...settled, asked, blockers: [...settled.blockers, ...blockers], warnings: [...settled.warnings, ...warnings] };
}
