import type { Migration } from '../migrate.ts';

/**
 * Rows of `objects` hang on a snapshot's `key`, which is never used twice, without a foreign key: a snapshot's objects are
 * written in small transactions before the snapshot shows, and deleted in small ones after it is gone. `loose` names the keys
 * whose objects belong to nothing: a crash leaves work for the sweep, never a snapshot with half its objects.
 */
export const snapshots: Migration = {
  version: 1,
  sql: `
    create table meta (key text primary key not null, value text not null) strict, without rowid;

    create table snapshots (
      key integer primary key,
      id text not null unique,
      seq integer not null,
      created_at real not null,
      source text not null,
      engine text not null,
      name text,
      note text,
      parent text,
      pin_reason text,
      pin_at real,
      objects integer not null,
      bytes integer not null,
      added integer not null,
      chunks integer not null,
      new_chunks integer not null,
      rows integer not null,
      proved text not null,
      capture text not null
    ) strict;
    create index snapshots_by_seq on snapshots (seq);
    create index snapshots_by_source on snapshots (source, seq);
    create index snapshots_by_name on snapshots (name) where name is not null;

    create table tags (
      snapshot integer not null references snapshots (key) on delete cascade,
      tag text not null,
      primary key (snapshot, tag)
    ) strict, without rowid;
    create index tags_by_tag on tags (tag);

    create table proofs (
      snapshot integer not null references snapshots (key) on delete cascade,
      ordinal integer not null,
      level text not null,
      result text not null,
      at real not null,
      evidence text not null,
      primary key (snapshot, ordinal)
    ) strict, without rowid;

    create table objects (
      snapshot integer not null,
      ordinal integer not null,
      name text not null,
      kind text not null,
      bytes integer not null,
      rows integer,
      fingerprint text,
      primary key (snapshot, ordinal)
    ) strict, without rowid;
    create table loose (snapshot integer primary key) strict;

    create table problems (
      ordinal integer primary key,
      file text not null,
      kind text not null,
      statement text not null,
      affects text not null,
      repairable integer not null
    ) strict;
  `,
};
