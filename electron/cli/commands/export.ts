import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../core/app/faces.ts';
import { exportEnding } from '../backup-folder.ts';
import type { Context } from '../context.ts';
import { exits } from '../exit-codes.ts';
import { size, stamp } from '../output/format.ts';
import { snapshotPhrase, verificationLines } from '../output/views.ts';
import { snapshotRef } from '../refs.ts';
import { given } from '../spec.ts';
import type { CommandSpec } from '../spec.ts';

export const exportCommand: CommandSpec = {
  name: 'export',
  summary: 'write a snapshot as a native file',
  description:
    "The database's own tools restore it without Belay. Never overwrites. Each export stands in the journal.\nA name whose ending promises another format is refused, unless --format says which it is.",
  arguments: [{ name: '[snapshot]', description: 'id, number, name, or latest:<source> (default: latest)', complete: 'snapshot' }],
  options: [
    { flags: '--to <path>', description: 'a file that does not exist, or a folder to put it in', complete: 'file' },
    { flags: '--format <format>', description: 'native format, by its ending: .sqlite; .dump or .sql for PostgreSQL' },
    { flags: '--object <object>', description: 'one object only' },
  ],
  examples: [
    { line: 'belay export latest:shop --to shop.sqlite', what: 'an SQLite file' },
    { line: 'belay export 12 --to /mnt/usb/', what: 'into a folder, named after source and time' },
  ],
  run: async (context, input) => {
    const to = input.text('to');
    if (to === undefined) throw new AppError('input.invalid', 'An export needs a place.', { hint: 'Name it with --to.' });
    const snapshot = snapshotRef(input.word(0) ?? 'latest');
    const data = await context.call('export', {
      snapshot,
      to: await fileFor(context, snapshot, to),
      ...given('format', input.text('format')),
      ...given('object', input.text('object')),
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

/** The file to write: what was named, or in a folder a name made of source and time. */
async function fileFor(context: Context, snapshot: string, to: string): Promise<string> {
  const path = context.fileAt(to);
  if (!(existsSync(path) && statSync(path).isDirectory())) return path;
  const { snapshot: shown } = await context.call('snapshot.show', { snapshot });
  const source = shown.source
    .replaceAll(/[^\p{L}\p{N}._-]+/gu, '-')
    .replace(/^[.-]+/, '')
    .slice(0, 60);
  return join(path, `${source === '' ? 'database' : source}-${stamp(shown.createdAt)}-${shown.id.slice(0, 8)}${exportEnding(shown.engine)}`);
}
