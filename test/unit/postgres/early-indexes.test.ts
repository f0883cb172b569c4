import { expect, test } from 'vitest';
import type { ArchiveEntry } from '../../../electron/core/engines/postgres/archive/archive.ts';
import { earlyIndexes } from '../../../electron/core/engines/postgres/restore/early-indexes.ts';
import type { StoredTable } from '../../../electron/core/engines/postgres/restore/objects.ts';

const entry = (id: number, what: string, tag: string, definition: string, needs: readonly number[], more: Partial<ArchiveEntry> = {}): ArchiveEntry => ({
  ...{ id, what, tag, definition, needs, schema: 'public', tablespace: undefined, owner: 'boss' },
  ...{ catalog: 1259, oid: 20_000 + id, section: what === 'TABLE' ? 'pre-data' : 'post-data' },
  ...more,
});
const table = (name: string, bytes: number, more: Partial<StoredTable['meta']> = {}): StoredTable => ({
  object: `public.${name}`,
  bytes,
  rows: 1,
  meta: { schema: 'public', table: name, columns: ['id'], encoding: 'UTF8', format: 'text', root: null, hashed: false, extension: false, ...more },
});
const large = 64 << 20;
const entries = [
  entry(1, 'TABLE', 'big', 'CREATE TABLE public.big (id integer);', []),
  entry(2, 'TABLE', 'small', 'CREATE TABLE public.small (id integer);', []),
  entry(3, 'TABLE', 'leaf', 'CREATE TABLE public.leaf (id integer);', []),
  entry(4, 'CONSTRAINT', 'big big_pkey', 'ALTER TABLE ONLY public.big\n    ADD CONSTRAINT big_pkey PRIMARY KEY (id, kind);', [1]),
  entry(5, 'INDEX', 'big_b', 'CREATE INDEX big_b ON public.big USING btree (a, b DESC);', [1]),
  entry(6, 'INDEX', 'big_f', 'CREATE INDEX big_f ON public.big USING btree (public.looked_up(kind));', [1]),
  entry(7, 'INDEX', 'big_w', 'CREATE INDEX big_w ON public.big USING btree (a) WHERE active;', [1]),
  entry(8, 'FK CONSTRAINT', 'big fk', 'ALTER TABLE ONLY public.big\n    ADD CONSTRAINT fk FOREIGN KEY (a);', [1, 4]),
  entry(9, 'INDEX', 'small_a', 'CREATE INDEX small_a ON public.small USING btree (a);', [2]),
  entry(10, 'INDEX', 'leaf_a', 'CREATE INDEX leaf_a ON public.leaf USING btree (a);', [3]),
  entry(11, 'INDEX', 'big_after', 'CREATE INDEX big_after ON public.big USING btree (a);', [1, 5]),
  entry(12, 'INDEX ATTACH', 'leaf_a', 'ALTER INDEX public.root_a ATTACH PARTITION public.leaf_a;', [10]),
  entry(14, 'INDEX', 'big_g', 'CREATE INDEX big_g ON public.big USING gin (c);', [1]),
  entry(15, 'INDEX', 'big_c', 'CREATE INDEX big_c ON public.big USING btree (c);\n\nALTER TABLE public.big CLUSTER ON big_c;', [1]),
  entry(13, 'INDEX', 'big_left_out', 'CREATE INDEX big_left_out ON public.big USING gin (a);', [1]),
];

test('only what needs nothing but the rows of one large table is made before the others are loaded, what locks it first, and what takes longest', () => {
  const root = { root: { schema: 'public', name: 'root' } };
  const found = earlyIndexes(entries, new Set([13]), [table('big', large), table('small', 1 << 20), table('leaf', large, root)]);
  expect([...found]).toEqual([['public.big', { constraints: [4], indexes: [14, 5] }]]);
});

test('rows of an extension, and a table that the skeleton does not name, have none', () => {
  expect(earlyIndexes(entries, new Set(), [table('big', large, { extension: true }), table('other', large)]).size).toBe(0);
});
