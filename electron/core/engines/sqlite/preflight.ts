import { size } from '../../base/words.ts';
import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError, systemCode } from '../../base/errors.ts';
import type { EngineContext, ObjectRow, Preflight, RestoreTarget, SnapshotContent } from '../engine.ts';
import { busynessOf, inPlaceHint } from './busy.ts';
import type { AgentSettings } from './client.ts';
import { headerLength, parseHeader } from './header.ts';
import type { LocatedFile } from './location.ts';
import { fileObjects, matchFiles } from './restore.ts';
import { readStart, sizeIfThere } from './source-file.ts';
import { exists, resolvedPath } from './stamp.ts';
import { targetError } from '../../base/target-error.ts';

type Blocker = Preflight['blockers'][number];

export interface Findings {
  readonly blockers: Blocker[];
  readonly warnings: string[];
  readonly steps: string[];
}

/** What stands in the way of a restore, and what it would do. Nothing is written. */
export async function preflight(settings: AgentSettings, snapshot: SnapshotContent, target: RestoreTarget, context: EngineContext): Promise<Preflight> {
  const matched = matchFiles(await fileObjects(snapshot), target.location);
  const findings: Findings = { blockers: [], warnings: [], steps: [] };
  for (const { target: file, object } of matched) await lookAtTarget(settings, file, object, target.mode, findings, context);
  const captured = matched.reduce((sum, { object }) => sum + (object.length ?? 0), 0);
  const path = matched[0]?.target.path ?? '';
  return withSpace(findings, path, target.mode === 'in-place' ? captured * 2 + (await presentBytes(path)) : captured);
}

/** The findings, with what is needed beside the target and what is free there. */
export async function withSpace(findings: Findings, path: string, bytesNeeded: number): Promise<Preflight> {
  const bytesFree = await freeBytes(dirname(path));
  const short: Blocker[] =
    bytesFree === undefined || bytesFree >= bytesNeeded
      ? []
      : [
          {
            code: 'target.no-space',
            statement: `${size(bytesNeeded)} are needed beside the target, ${size(bytesFree)} are free.`,
            hint: 'Free space on its disk.',
          },
        ];
  return { ...findings, blockers: [...findings.blockers, ...short], bytesNeeded, ...(bytesFree === undefined ? {} : { bytesFree }) };
}

/** In place, the old content is kept as a file, and the log or journal grows by as much again. */
async function presentBytes(path: string): Promise<number> {
  try {
    return (await sizeIfThere(path)) ?? 0;
  } catch (error) {
    // Said by the look at the target.
    if (systemCode(error) === undefined) throw error;
    return 0;
  }
}

async function freeBytes(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return undefined;
  }
}

/** Looks at the place of one file. What the system refuses is a blocker like any other. */
export async function lookAtTarget(
  settings: AgentSettings,
  file: LocatedFile,
  object: Pick<ObjectRow, 'length' | 'meta'>,
  mode: RestoreTarget['mode'],
  findings: Findings,
  context: EngineContext,
): Promise<void> {
  try {
    await lookAtPlace(settings, file, object, mode, findings, context);
  } catch (error) {
    const told = targetError(file.path, error);
    if (told === error || !(told instanceof AppError)) throw error;
    // A folder that cannot be searched is told of once.
    if (findings.blockers.some((one) => one.code === told.code)) return;
    findings.blockers.push({ code: blockerCodes.find((code) => code === told.code) ?? 'target.denied', statement: told.message, hint: told.hint ?? '' });
  }
}

const blockerCodes = ['target.exists', 'target.denied', 'target.missing', 'target.no-space'] as const;

async function lookAtPlace(
  settings: AgentSettings,
  file: LocatedFile,
  object: Pick<ObjectRow, 'length' | 'meta'>,
  mode: RestoreTarget['mode'],
  findings: Findings,
  context: EngineContext,
): Promise<void> {
  const { blockers, steps } = findings;
  const folder = dirname(file.path);
  const found = await stat(folder).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (found?.isDirectory() !== true) {
    const statement = found === undefined ? `There is no folder ${folder}.` : `${folder} is not a folder.`;
    blockers.push({ code: 'target.missing', statement, hint: 'Make it first.' });
    return;
  }
  if (!(await isWritable(folder)))
    blockers.push({ code: 'target.denied', statement: `${folder} cannot be written.`, hint: 'Check its rights, and whether its disk is mounted read-only.' });
  const real = await resolvedPath(file.path);
  const there = await exists(real);
  if (mode === 'new' || mode === 'throw-away') {
    if (there) blockers.push({ code: 'target.exists', statement: `${file.path} exists already.`, hint: 'Name a path that does not exist, or replace it.' });
    steps.push(
      `write ${size(object.length ?? 0)} into a new file`,
      `compare it with the snapshot`,
      ...(mode === 'new' ? [`give it the name ${file.path}`] : ['remove it again']),
    );
    return;
  }
  const { statement, unseen } = await busynessOf(settings, real, context);
  if (mode === 'replace') {
    if (statement !== undefined) blockers.push({ code: 'target.busy', statement, hint: inPlaceHint });
    else if (unseen !== undefined) findings.warnings.push(unseen);
    steps.push(`write ${size(object.length ?? 0)} into a hidden folder beside ${file.path}`, 'compare it with the snapshot');
    steps.push(there ? `move ${file.path} and what lies beside it into a kept folder, and the new file into its place` : `give it the name ${file.path}`);
    return;
  }
  if (!there)
    blockers.push({ code: 'target.missing', statement: `There is no database at ${file.path} to write into.`, hint: 'Restore by replacing the file instead.' });
  else await lookInside(real, object, findings);
  if (statement !== undefined) findings.warnings.push(`${statement} It will see the content change at once.`);
  steps.push(
    `write ${size(object.length ?? 0)} into a hidden folder beside ${file.path}`,
    'compare it with the snapshot',
    `keep the present content of ${file.path} as a file`,
    `write the snapshot into ${file.path} as one transaction`,
  );
}

/** What SQLite's backup could not write over. */
async function lookInside(real: string, object: Pick<ObjectRow, 'length' | 'meta'>, { blockers, warnings }: Findings): Promise<void> {
  const header = parseHeader(await readStart(real, headerLength));
  const bytes = await sizeIfThere(real);
  if (header === undefined && bytes !== 0) {
    blockers.push({
      code: 'engine.unsupported',
      statement: `${real} is not a SQLite database, or is encrypted: it cannot be written in place.`,
      hint: 'Restore by replacing the file.',
    });
    return;
  }
  const pageSize = object.meta?.['pageSize'];
  const journal = object.meta?.['journal'];
  if (header?.wal === true && typeof pageSize === 'number' && pageSize !== header.pageSize) {
    blockers.push({
      code: 'engine.unsupported',
      statement: `${real} has pages of ${header.pageSize} bytes and is in WAL mode, the snapshot has pages of ${pageSize}: it cannot be written in place.`,
      hint: 'Stop the programs that have it open, then restore by replacing the file.',
    });
  }
  if (header?.wal === true && journal === 'rollback') warnings.push('the target stays in WAL mode, the snapshot was not');
}

async function isWritable(folder: string): Promise<boolean> {
  try {
    await access(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch (error) {
    if (error instanceof AppError || systemCode(error) === undefined) throw error;
    return false;
  }
}
