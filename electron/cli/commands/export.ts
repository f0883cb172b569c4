import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../core/app/faces.ts';
import { exportEnding } from '../backup-folder.ts';
import type { Context } from '../context.ts';
import { exits } from '../exit-codes.ts';
import { size, stamp } from '../output/format.ts';
import { snapshotPhrase, verificationLines } from '../output/views.ts';
import { snapshotRef } from '../refs.ts';
import { refuseTogether } from '../together.ts';
import { given } from '../spec.ts';
import type { CommandSpec } from '../spec.ts';

export const exportCommand: CommandSpec = {
  name: 'export',
  summary: 'write a snapshot as a native file',
  description:
    "The database's own tools restore it without Belay. A file that exists is left as it is, but with --replace. Each export stands in the journal.\nThe ending of the name says the format; one that promises another is refused, unless --format says which it is.\nA table of PostgreSQL as CSV (RFC 4180, UTF-8, with a header): NULL is nothing between two commas, an empty text is \"\". As NDJSON: bigint and numeric are strings, so that no reader rounds them; json stands as it is, and where such a column is NULL its key is left out (null is JSON's own there); bytea, arrays and the like are PostgreSQL's text. Generated columns are in neither.",
  arguments: [{ name: '[snapshot]', description: 'id, number, name, or latest:<source> (default: latest)', complete: 'snapshot' }],
  options: [
    { flags: '--to <path>', description: 'a file that does not exist, or a folder to put it in', complete: 'file' },
    { flags: '--format <format>', description: 'by its ending: .sqlite; for PostgreSQL .dump, .sql, .sql.gz, and with --table .csv, .ndjson' },
    { flags: '--table <table>', description: 'one table only, as .csv or .ndjson' },
    { flags: '--replace', description: 'put it in the place of the file of that name, when the new one is whole; never that of a database in use' },
    { flags: '--object <object>', description: 'one file only, of SQLite with attached ones' },
  ],
  examples: [
    { line: 'belay export latest:shop --to shop.sqlite', what: 'an SQLite file' },
    { line: 'belay export latest:app --to app.sql.gz', what: 'a script for psql' },
    { line: 'belay export latest:app --table public.orders --to orders.csv', what: 'the rows of one table' },
    { line: 'belay export 12 --to /mnt/usb/', what: 'into a folder, named after source and time' },
  ],
  run: async (context, input) => {
    const to = input.text('to');
    if (to === undefined) throw new AppError('input.invalid', 'An export needs a place.', { hint: 'Name it with --to.' });
    const snapshot = snapshotRef(input.word(0) ?? 'latest');
    refuseTogether(input, 'table', ['object']);
    const [table, format] = [input.text('table'), input.text('format')];
    const data = await context.call('export', {
      snapshot,
      to: await fileFor(context, snapshot, to, table, format),
      replace: input.flag('replace'),
      ...given('format', format),
      ...given('object', table ?? input.text('object')),
    });
    return {
      data,
      exitCode: data.verification === undefined || data.verification.result === 'passed' ? exits.ok : exits.notEqual,
      print: (output) => {
        output.line(`Exported ${snapshotPhrase(data.snapshot, context.now)}:`);
        for (const file of data.files) output.line(`  ${file.path}  ${size(file.bytes)}`);
        if (data.verification !== undefined) output.lines(verificationLines(data.verification));
      },
    };
  },
};

/** The file to write: what was named, or in a folder a name made of source, table and time. */
async function fileFor(context: Context, snapshot: string, to: string, table: string | undefined, format: string | undefined): Promise<string> {
  const path = context.fileAt(to);
  if (!(existsSync(path) && statSync(path).isDirectory())) return path;
  const { snapshot: shown } = await context.call('snapshot.show', { snapshot });
  const plain = (name: string): string =>
    name
      .replaceAll(/[^\p{L}\p{N}._-]+/gu, '-')
      .replace(/^[.-]+/, '')
      .slice(0, 60);
  const source = plain(shown.source);
  const parts = [source === '' ? 'database' : source, ...(table === undefined ? [] : [plain(table)]), stamp(shown.createdAt), shown.id.slice(0, 8)];
  const ending = format === undefined ? (table === undefined ? exportEnding(shown.engine) : '.csv') : `.${format.replace(/^\./, '').toLowerCase()}`;
  return join(path, `${parts.join('-')}${ending}`);
}
