import { AppError } from '../../../base/errors.ts';
import { Malformed, NotEnough, readEntries, readHead } from './archive-format.ts';
import { textReader, type TextReader } from '../stored/text-encoding.ts';

/** One entry of an archive's table of contents, as pg_dump wrote it: names are exact, unlike those of `pg_restore -l`. */
export interface ArchiveEntry {
  readonly id: number;
  /** Catalog and number of the object at the source; `0` where it stands in none. */
  readonly catalog: number;
  readonly oid: number;
  /** Its name, for what belongs to a table behind the table's, for a function with its arguments. */
  readonly tag: string;
  /** `TABLE`, `FK CONSTRAINT`, `EXTENSION`, … */
  readonly what: string;
  /** For a comment or a grant, which has none, that of what stands before it. */
  readonly section: 'none' | 'pre-data' | 'data' | 'post-data';
  /** The statements that make it. */
  readonly definition: string;
  readonly schema: string | undefined;
  readonly tablespace: string | undefined;
  readonly owner: string | undefined;
  /** Entries that must be there before it. */
  readonly needs: readonly number[];
}

const sections = ['none', 'none', 'pre-data', 'data', 'post-data'] as const;
/** More than any table of contents that was seen. */
const mostBytes = 512 << 20;

/**
 * The table of contents of an archive in custom format, of pg_dump 13 to 18: read from its beginning, without the large objects behind it. Throws
 * `tool.failed` for what is no such archive, or ends within.
 */
export async function readArchive(parts: AsyncIterable<Uint8Array>): Promise<readonly ArchiveEntry[]> {
  const held: Uint8Array[] = [];
  let bytes = 0;
  let next = 1 << 16;
  for await (const part of parts) {
    held.push(part);
    bytes += part.length;
    if (bytes > mostBytes) throw notKnown();
    if (bytes < next) continue;
    next = bytes * 2;
    const found = tryToParse(Buffer.concat(held));
    if (found !== undefined) return found;
  }
  const found = tryToParse(Buffer.concat(held));
  if (found === undefined) throw notKnown();
  return found;
}

function tryToParse(bytes: Buffer): readonly ArchiveEntry[] | undefined {
  try {
    return parse(bytes);
  } catch (error) {
    if (error instanceof NotEnough) return undefined;
    if (error instanceof Malformed) throw notKnown();
    throw error;
  }
}

function notKnown(): AppError {
  return new AppError('tool.failed', 'The definitions are not an archive of pg_dump that Belay knows.', { hint: 'Use the tools of PostgreSQL 13 to 18.' });
}

/** Names and definitions are in the encoding of the database that was dumped, which the archive says itself. */
function readerOf(entries: ReturnType<typeof readEntries>['entries']): TextReader {
  const says = entries.find((one) => one.what === 'ENCODING')?.definition?.toString('latin1') ?? '';
  return textReader(/client_encoding = '([^']+)'/.exec(says)?.[1] ?? 'UTF8');
}

function parse(bytes: Buffer): readonly ArchiveEntry[] {
  const head = readHead(bytes);
  if (head === undefined || head.format !== 1) throw notKnown();
  let section: ArchiveEntry['section'] = 'none';
  const { entries } = readEntries(bytes, head);
  const read = readerOf(entries);
  return entries.map((one): ArchiveEntry => {
    const text = (value: Buffer | null): string | undefined => (value === null || value.length === 0 ? undefined : (read(value) ?? value.toString('utf8')));
    const own = sections[one.section] ?? 'none';
    if (own !== 'none') section = own;
    return {
      id: one.id,
      catalog: Number(text(one.tableNumber) ?? 0),
      oid: Number(text(one.number) ?? 0),
      tag: text(one.tag) ?? '',
      what: one.what,
      section,
      definition: text(one.definition) ?? '',
      schema: text(one.schema),
      tablespace: text(one.tablespace),
      owner: text(one.owner),
      needs: one.needs,
    };
  });
}
