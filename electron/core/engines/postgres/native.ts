import { open, stat } from 'node:fs/promises';
import { AppError, systemCode } from '../../base/errors.ts';
import { unlinkIfThere } from '../../base/durable-file.ts';
import type { EngineContext, ExportRequest, ExportResult, SnapshotContent } from '../engine.ts';
import { runTool } from './pg-tool.ts';
import { copyPlace } from './restored-copy.ts';
import { discard, restore } from './restore.ts';
import { throwAwayLocation } from './location.ts';
import type { PostgresSettings } from './settings.ts';
import { toolsFor } from './tools-for.ts';
import { chooseForDump } from './tools.ts';
import { withServer } from './session.ts';

export const exportFormats = ['.dump', '.sql'] as const;

/**
 * A file that pg_restore or psql takes, with rows in their place: the snapshot is restored into a scratch database on the server it came from,
 * dumped by pg_dump, and the scratch database removed.
 */
export async function exportNative(
  settings: PostgresSettings,
  snapshot: SnapshotContent,
  request: ExportRequest,
  context: EngineContext,
): Promise<ExportResult> {
  if (!exportFormats.some((format) => format === request.format))
    throw new AppError('engine.unsupported', `PostgreSQL is not exported as ${request.format}.`, { hint: `It exports ${exportFormats.join(' and ')}.` });
  if (request.object !== undefined)
    throw new AppError('engine.unsupported', 'A single object of a PostgreSQL snapshot is not exported yet.', { hint: 'Export the whole snapshot.' });
  // Made by us, and so never over what somebody made: pg_dump would write into whatever is there.
  await makeFile(request.to);
  try {
    const location = throwAwayLocation(snapshot.location);
    const copy = await restore(settings, snapshot, { location, mode: 'throw-away' }, context, () => Promise.resolve());
    try {
      const place = copyPlace(copy);
      const found = await withServer(place, context, async (server) => ({
        tools: chooseForDump(await toolsFor(settings, place, server, context), server.version).tools,
        options: server.options,
      }));
      context.progress({ stage: 'dumping' });
      await runTool(
        {
          tools: found.tools,
          program: 'pg_dump',
          args: [request.format === '.sql' ? '-Fp' : '-Fc'],
          output: request.to,
          place: { location: place, database: place.database, restoring: true, options: found.options },
        },
        context,
      );
    } finally {
      await discard(copy, context);
    }
    return { files: [{ path: request.to, bytes: (await stat(request.to)).size }] };
  } catch (error) {
    await unlinkIfThere(request.to);
    throw error;
  }
}

async function makeFile(path: string): Promise<void> {
  try {
    await (await open(path, 'wx', 0o600)).close();
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EEXIST') throw new AppError('target.exists', `${path} exists already.`, { hint: 'Name a file that does not exist.' });
    if (code === undefined) throw error;
    throw new AppError(code === 'ENOENT' ? 'target.missing' : 'target.denied', `${path} cannot be made.`, {
      hint: 'Check its folder and rights.',
      cause: error,
    });
  }
}
