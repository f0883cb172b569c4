import { gzipSync } from 'node:zlib';
import { Malformed, NotEnough, readEntries, readHead, writtenEntries, writtenInt } from '../../../electron/core/engines/postgres/archive/archive-format.ts';
import type { ArchiveEntry } from '../../../electron/core/engines/postgres/archive/archive-format.ts';
import { readArchive as readArchiveFile } from '../../../electron/core/engines/postgres/archive/archive-file.ts';
import { readArchive as readArchiveStream } from '../../../electron/core/engines/postgres/archive/archive.ts';
import { forOneRole } from '../../../electron/core/engines/postgres/import/plain-script.ts';
import { propertiesOf } from '../../../electron/core/engines/postgres/import/properties.ts';
import { dumpAt, recogniseNative } from '../../../electron/core/engines/postgres/import/recognise.ts';
import { refuseCutScript, refuseCutTar } from '../../../electron/core/engines/postgres/import/whole-file.ts';
import { refuseCutFolder } from '../../../electron/core/engines/postgres/import/whole-folder.ts';
import { fieldsOf } from '../../../electron/core/engines/postgres/stored/copy-text.ts';
import { Wrong, mustEqual } from '../target.ts';
import type { FuzzTarget } from '../target.ts';
import { scratchFile, scratchFolder } from './scratch.ts';

const int = (value: number): Buffer => writtenInt(value, 4);
const text = (value: string): Buffer => Buffer.concat([int(value.length), Buffer.from(value)]);

/** The head of an archive: 1 custom, 3 tar, 5 directory. */
export function archiveHead(minor: number, format: number, date: readonly number[] = [1, 2, 3, 4, 5, 125, 0]): Buffer {
  const compression = minor >= 15 ? Buffer.from([0]) : int(-1);
  return Buffer.concat([
    Buffer.from('PGDMP'),
    Buffer.from([1, minor, 0, 4, 8, format]),
    compression,
    ...date.map(int),
    text('bank'),
    text('15.4'),
    text('15.4'),
  ]);
}

const buffers = (value: string | null): Buffer | null => (value === null ? null : Buffer.from(value));
const entry = (id: number, what: string, more: Partial<ArchiveEntry> = {}): ArchiveEntry => ({
  ...{
    id,
    hasData: false,
    tableNumber: buffers('1259'),
    number: buffers(String(16_000 + id)),
    tag: buffers(`tag ${id}`),
    what,
    section: 2,
    definition: buffers('CREATE'),
    drop: null,
  },
  ...{
    copy: null,
    schema: buffers('public'),
    tablespace: null,
    accessMethod: null,
    relationKind: 0,
    owner: buffers('owner'),
    needs: [1, 2],
    placeKnown: 3,
    place: 0n,
    file: null,
  },
  ...more,
});
export const entries: readonly ArchiveEntry[] = [
  entry(1, 'ENCODING', { definition: Buffer.from("SET client_encoding = 'UTF8';\n"), schema: null, needs: [] }),
  entry(2, 'DATABASE', { definition: Buffer.from("CREATE DATABASE bank WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = libc LOCALE = 'C';\n") }),
  entry(3, 'TABLE'),
  entry(4, 'TABLE DATA', { hasData: true, section: 3, copy: Buffer.from('COPY public.t (a) FROM stdin;\n'), placeKnown: 2, place: 900n }),
  entry(5, 'INDEX', { section: 4 }),
];

/** Where an archive is no file of its own, each entry ends with the name of one in place of where its data is. */
export function archive(minor: number, format: number, of: readonly ArchiveEntry[] = entries): Buffer {
  const head = archiveHead(minor, format);
  const read = readHead(head);
  if (read === undefined) throw new Error('The head is not one.');
  if (format === 1) return Buffer.concat([head, writtenEntries(of, read)]);
  const parts = of.map((one) => {
    const whole = writtenEntries([one], read).subarray(5);
    return Buffer.concat([whole.subarray(0, whole.length - 9), text(one.hasData ? `${one.id}.dat` : '')]);
  });
  return Buffer.concat([head, int(of.length), ...parts]);
}

/** One file of a tar. */
export function tarFile(name: string, content: Uint8Array, size: string = content.length.toString(8).padStart(11, '0')): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 'latin1');
  header.write('0000600\0', 100, 'latin1');
  header.write(`${size}\0`, 124, 'latin1');
  header.write('ustar\u000000', 257, 'latin1');
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

export const script = `--
-- PostgreSQL database dump
--

\\restrict abcdef

-- Dumped from database version 15.4
-- Dumped by pg_dump version 15.4

SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
CREATE DATABASE bank WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = libc LOCALE = 'C';
\\connect bank
CREATE FUNCTION public.f() RETURNS text LANGUAGE sql AS $_$ SELECT 'a;b' /* c */; $_$;
ALTER TABLE public.t OWNER TO owner;
COPY public.t (a, b) FROM stdin;
1\t\\N
2\tx\\ty
\\.

GRANT SELECT ON TABLE public.t TO PUBLIC;
-- PostgreSQL database dump complete
--
`;
const words = [
  ...[
    '\n',
    '\r\n',
    ';',
    "'",
    "E'",
    '"',
    '$$',
    '$a$',
    '/*',
    '*/',
    '--',
    '\\.',
    '\\.\n',
    '\\connect x\n',
    '\\restrict k\n',
    '\\! id\n',
    'COPY t FROM stdin;\n',
    'GRANT a TO b;\n',
    '(',
    ')',
    '\u00e9',
    '\0',
  ],
  ...[
    '-- PostgreSQL database dump complete\n',
    '-- PostgreSQL database cluster dump\n',
    'SET standard_conforming_strings = off;\n',
    "SET client_encoding = 'SJIS';\n",
    'DROP TABLE t;\n',
    'CREATE ',
  ],
];

const signal = new AbortController().signal;

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  const step = 1 + ((bytes[0] ?? 0) % 61);
  for (let at = 0; at < bytes.length; at += step * 7) yield bytes.subarray(at, at + step * 7);
}

/** What `recogniseNative` says may become a snapshot: every number of it must be one that a manifest takes. */
async function recognised(path: string): Promise<void> {
  const file = await recogniseNative(path);
  if (file === undefined) return;
  if (!Number.isSafeInteger(file.madeAt) || !Number.isSafeInteger(file.bytes)) throw new Wrong(`made at ${file.madeAt}, ${file.bytes} bytes`);
  const dump = await dumpAt(path);
  if (dump !== undefined && !dump.packed) await propertiesOf(dump, path);
}

export const postgresTargets: readonly FuzzTarget[] = [
  {
    name: 'archive',
    title: 'head and table of contents of an archive of pg_dump',
    form: 'bytes',
    weight: 12,
    seeds: () => [archive(14, 1), archive(13, 1), archive(15, 1), archive(16, 1), archive(14, 5)],
    run: (input) => {
      try {
        const bytes = Buffer.from(input);
        const head = readHead(bytes);
        if (head === undefined) return;
        const { entries: read } = readEntries(bytes, head);
        if (head.format !== 1) return;
        const again = Buffer.concat([bytes.subarray(0, head.end), writtenEntries(read, head)]);
        const shown = (of: readonly ArchiveEntry[]) => of.map((one) => ({ ...one, place: String(one.place), needs: one.needs.map(String) }));
        const { entries: second } = readEntries(again, head);
        mustEqual('entries', JSON.parse(JSON.stringify(shown(read))), JSON.parse(JSON.stringify(shown(second))));
      } catch (error) {
        if (!(error instanceof NotEnough) && !(error instanceof Malformed)) throw error;
      }
    },
  },
  {
    name: 'archive-stream',
    title: 'the definitions of a source, as pg_dump writes them',
    form: 'bytes',
    weight: 6,
    seeds: () => [archive(14, 1), archive(16, 1)],
    run: async (input) => void (await readArchiveStream(pieces(input))),
  },
  {
    name: 'dump-custom',
    title: 'a file that may be a dump: recognised, its archive read',
    form: 'bytes',
    weight: 1,
    seeds: () => [archive(14, 1), archive(16, 1), gzipSync(archive(14, 1)), Buffer.from(script), gzipSync(script)],
    run: async (input) => {
      const path = scratchFile('file.dump', input);
      await recognised(path);
      await readArchiveFile(path, 'custom');
    },
  },
  {
    name: 'dump-tar',
    title: 'a tar of pg_dump',
    form: 'bytes',
    weight: 1,
    seeds: () => [
      Buffer.concat([
        tarFile('toc.dat', archive(14, 3)),
        tarFile('4.dat', Buffer.from('1\t2\n\\.\n\n')),
        tarFile('restore.sql', Buffer.from('--')),
        Buffer.alloc(1024),
      ]),
    ],
    run: async (input) => {
      const path = scratchFile('file.tar', input);
      await recognised(path);
      await refuseCutTar(path, signal);
    },
  },
  {
    name: 'dump-directory',
    title: 'a folder of pg_dump: its contents, a file of rows, a list of large objects',
    form: 'bytes',
    weight: 0.5,
    seeds: () => [archive(14, 5), Buffer.from('1\t2\n\\.\n\n\n'), Buffer.from('16400 blob_16400.dat\n'), gzipSync('1\t2\n\\.\n\n\n')],
    run: async (input) => {
      const isToc = input[0] === 0x50;
      const packed = input[0] === 0x1f;
      scratchFile('folder/toc.dat', isToc ? input : archive(14, 5));
      if (!isToc) scratchFile(packed ? 'folder/4.dat.gz' : 'folder/4.dat', input);
      if (!isToc && !packed) scratchFile('folder/blobs.toc', input);
      const folder = scratchFolder('folder');
      await recognised(folder);
      await refuseCutFolder(folder, signal);
    },
  },
  {
    name: 'dump-plain',
    title: 'a plain dump, line by line',
    form: 'text',
    words,
    weight: 8,
    seeds: () => [Buffer.from(script), Buffer.from(script.replaceAll('\n', '\r\n'))],
    run: async (input) => {
      let bytes = 0;
      for await (const part of forOneRole(pieces(input), { owners: 0, ended: false })) bytes += part.length;
      if (bytes > input.length) throw new Wrong(`${input.length} bytes became ${bytes}`);
    },
  },
  {
    name: 'dump-plain-file',
    title: 'a plain dump as a file: recognised, its end looked at',
    form: 'text',
    words,
    weight: 1,
    seeds: () => [Buffer.from(script), gzipSync(script)],
    run: async (input) => {
      const path = scratchFile('20260101.sql', input);
      await recognised(path);
      await refuseCutScript(path);
    },
  },
  {
    name: 'copy-line',
    title: 'a line of COPY',
    form: 'text',
    words: ['\t', '\\N', '\\\\', '\\x4', '\\777', '\\1', '\\', '\\.'],
    weight: 6,
    seeds: () => [Buffer.from('1\t\\N\ta\\tb\\\\\\x41\\101')],
    run: (input) => {
      for (const field of fieldsOf(input, 3)) if ((field?.length ?? 0) > input.length) throw new Wrong('A field is longer than its line.');
    },
  },
];
