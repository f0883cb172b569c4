import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { AppError, systemCode } from '../base/errors.ts';

export interface ProgramPlace {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Throws `tool.missing` where `program` (a path, or a name that is looked for on PATH) is nowhere, and `tool.failed` where it may not be
 * executed: what starting it would throw, known before anything else is done. Windows, and a process without PATH, look in more places than
 * are known here: then nothing is thrown.
 */
export async function refuseMissingProgram(program: string, { cwd, env }: ProgramPlace): Promise<void> {
  const path = env['PATH'];
  if (process.platform === 'win32' || (path === undefined && !program.includes('/'))) return;
  const places = program.includes('/') ? [resolve(cwd, program)] : (path ?? '').split(delimiter).map((folder) => resolve(cwd, join(folder, program)));
  let forbidden: unknown;
  for (const place of places) {
    try {
      await access(place, constants.X_OK);
      if ((await stat(place)).isFile()) return;
    } catch (error) {
      const code = systemCode(error);
      if (code === undefined) throw error;
      if (code === 'EACCES') forbidden = error;
    }
  }
  if (forbidden === undefined)
    throw new AppError('tool.missing', `There is no program ${JSON.stringify(program)}.`, { hint: 'Check its spelling and PATH.', details: { program } });
  throw new AppError('tool.failed', `${JSON.stringify(program)} could not be started.`, {
    hint: 'Check that the file may be executed.',
    details: { program, system: 'EACCES' },
    cause: forbidden,
  });
}
