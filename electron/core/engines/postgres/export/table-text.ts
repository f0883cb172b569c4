import { AppError, throwIfCancelled } from '../../../base/errors.ts';
import type { EngineContext, SnapshotContent } from '../../engine.ts';
import { notWhole } from '../restore/objects.ts';
import { fieldsOf } from '../stored/copy-text.ts';
import { linesFrom } from '../stored/lines.ts';
import type { StoredColumn } from '../stored/columns.ts';
import type { TableRows } from '../stored/stored-table.ts';
import { textReader, type TextReader } from '../stored/text-encoding.ts';

const batch = 256 << 10;

/** One record of a text format, with its end. `encoding`: how what they return becomes bytes. */
interface Format {
  readonly encoding: 'latin1' | 'utf8';
  head(columns: readonly StoredColumn[]): string;
  row(values: readonly (Uint8Array | null)[], columns: readonly StoredColumn[]): string;
}

/**
 * CSV as RFC 4180 has it, in UTF-8, with a header. NULL is nothing, an empty text is `""`: PostgreSQL's own COPY … CSV takes it so. Values are as PostgreSQL
 * writes them. What lies in SQL_ASCII comes byte by byte.
 */
export function csvOf(snapshot: SnapshotContent, table: TableRows, context: EngineContext): AsyncIterable<Uint8Array> {
  return recordsOf(snapshot, table, csv, context);
}

/**
 * One JSON object a row, in UTF-8. Booleans, smallint, integer, oid, real and double precision (but for NaN and infinities) are JSON's own, json and jsonb
 * stand as they are, and a NULL in a column of theirs leaves its key out, since `null` is a value of theirs; bigint and numeric are strings, since most readers would round them; everything else is PostgreSQL's text as a string.
 * Bytes that are no text are `{"$":"text","v":…}` with base64.
 */
export function ndjsonOf(snapshot: SnapshotContent, table: TableRows, context: EngineContext): AsyncIterable<Uint8Array> {
  return recordsOf(snapshot, table, ndjson, context);
}

async function* recordsOf(
  snapshot: SnapshotContent,
  table: TableRows,
  format: (encoding: string) => Format,
  context: EngineContext,
): AsyncGenerator<Uint8Array> {
  const { columns, called } = table;
  let text = '';
  let rowsDone = 0;
  for (const [index, part] of table.parts.entries()) {
    const as = format(part.meta.encoding);
    if (index === 0) text += as.head(columns);
    for await (const line of linesFrom(snapshot, part, 0, context.signal)) {
      const fields = fieldsOf(line.bytes, part.fields.length);
      if (fields.length !== part.fields.length) throw notWhole(part.object);
      text += as.row(
        columns.map(({ field }) => fields[field] ?? null),
        columns,
      );
      rowsDone += 1;
      if (text.length < batch) continue;
      yield Buffer.from(text, as.encoding);
      text = '';
      throwIfCancelled(context.signal);
      context.progress({ stage: `writing ${called}`, rowsDone, rowsTotal: table.rows });
    }
    yield Buffer.from(text, as.encoding);
    text = '';
  }
}

function csv(encoding: string): Format {
  // Bytes that may pass as they are travel as if they were Latin, one character a byte.
  const asBytes = encoding === 'UTF8' || encoding === 'SQL_ASCII';
  const read: TextReader = asBytes ? textReader('LATIN1') : textReader(encoding);
  const name = (column: string): string => (asBytes ? Buffer.from(column).toString('latin1') : column);
  return {
    encoding: asBytes ? 'latin1' : 'utf8',
    head: (columns) => `${columns.map((column) => quoted(name(column.name))).join(',')}\r\n`,
    row: (values) => `${values.map((value) => (value === null ? '' : quoted(textOf(value, read, encoding)))).join(',')}\r\n`,
  };
}

/** `\.` alone would end PostgreSQL's reading. */
function quoted(text: string): string {
  return text === '' || text === String.raw`\.` || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function textOf(value: Uint8Array, read: TextReader, encoding: string): string {
  const text = read(value);
  if (text !== undefined) return text;
  throw new AppError('engine.unsupported', `Text in ${encoding} is not written as CSV.`, { hint: 'Export .ndjson, or the whole snapshot as .sql.' });
}

function ndjson(encoding: string): Format {
  const read = textReader(encoding);
  return {
    encoding: 'utf8',
    head: () => '',
    row: (values, columns) => {
      const members = columns.flatMap(({ name, base }, i) => {
        const value = values[i] ?? null;
        // `null` is a value of theirs.
        return value === null && isJson(base) ? [] : [`${JSON.stringify(name)}:${jsonOf(value, base, read)}`];
      });
      return `{${members.join(',')}}\n`;
    },
  };
}

function isJson(base: string): boolean {
  return base === 'json' || base === 'jsonb';
}

const ownNumbers: ReadonlySet<string> = new Set(['smallint', 'integer', 'oid', 'real', 'double precision']);

function jsonOf(value: Uint8Array | null, base: string, read: TextReader): string {
  if (value === null) return 'null';
  const text = read(value);
  if (text === undefined) return JSON.stringify({ $: 'text', v: Buffer.from(value).toString('base64') });
  if (base === 'boolean') return text === 't' ? 'true' : 'false';
  if (ownNumbers.has(base) && /^-?\d/.test(text)) return text;
  // Between its values JSON has line ends for looks only.
  if (isJson(base)) return text.replaceAll(/[\r\n]/g, ' ');
  return JSON.stringify(text);
}
