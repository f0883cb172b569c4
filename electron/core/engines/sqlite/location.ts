import { basename, dirname, extname, isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';
import { inputWords } from '../../../contract/input-words.ts';
import { AppError } from '../../base/errors.ts';
import type { SourceLocation } from '../engine.ts';

/** One file of a source: `main`, then the attached ones in the order of their names. */
export interface LocatedFile {
  readonly name: string;
  readonly path: string;
}

const attachedName = /^[A-Za-z0-9_-]{1,64}$/;

const pathText = z
  .string()
  .min(1, 'must not be empty')
  .refine((text) => !text.includes('\0'), 'must not hold a NUL')
  .refine((text) => text !== ':memory:', 'must not be a database in memory, which cannot be read from outside');

const shape = z.strictObject({
  path: pathText,
  attached: z
    .array(z.strictObject({ name: z.string().regex(attachedName, 'must be of letters, digits, - and _, at most 64'), path: pathText }))
    .exactOptional(),
  /** A loose file that nobody writes: read as it lies, without locks. */
  loose: z.boolean().exactOptional(),
});

type Shape = z.infer<typeof shape>;

function parse(input: Readonly<Record<string, unknown>>): Shape {
  const parsed = shape.safeParse(input, { error: inputWords });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue === undefined || issue.path.length === 0 ? 'location' : issue.path.join('.');
  throw new AppError('input.invalid', `The location of a SQLite source is not right: ${field} ${issue?.message ?? 'is not valid'}.`, {
    hint: 'Name the database file, and each other file of the set with a name of its own: --attached logs=./logs.db',
    details: { field, issues: [{ path: field, message: issue?.message ?? 'is not valid' }] },
  });
}

/** Checked for form and made absolute; attached files in the order of their names. Throws `input.invalid` naming the field. */
export function normaliseLocation(input: Readonly<Record<string, unknown>>, baseFolder: string): SourceLocation {
  const { path, attached = [], loose } = parse(input);
  const files = attached.map((one) => ({ name: one.name, path: resolve(baseFolder, one.path) })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const seen = new Set(['main']);
  for (const { name } of files) {
    if (seen.has(name.toLowerCase()))
      throw new AppError('input.invalid', `The name ${name} is given to two files.`, {
        hint: 'Give each attached file a name of its own; `main` is taken.',
        details: { field: 'attached' },
      });
    seen.add(name.toLowerCase());
  }
  return { path: resolve(baseFolder, path), ...(files.length === 0 ? {} : { attached: files }), ...(loose === true ? { loose } : {}) };
}

/** The files of a location that was normalised. Throws `input.invalid` for one that was not. */
export function filesOf(location: SourceLocation): readonly LocatedFile[] {
  const { path, attached = [] } = parse(location);
  const files = [{ name: 'main', path }, ...attached];
  for (const file of files)
    if (!isAbsolute(file.path)) throw new AppError('input.invalid', `${file.path} is not an absolute path.`, { details: { field: 'path' } });
  return files;
}

export function isLoose(location: SourceLocation): boolean {
  return location['loose'] === true;
}

/** The main file's path: what people know the source by. */
export function describeLocation(location: SourceLocation): string {
  return parse(location).path;
}

/** `to` for the main file; attached ones beside it, `app.db` and `app.logs.db`. */
export function targetLocation(to: string, like: SourceLocation, baseFolder: string): SourceLocation {
  const path = resolve(baseFolder, pathOf(to));
  return locationLike(path, like);
}

function pathOf(to: string): string {
  return parse({ path: to }).path;
}

/** A place for each file in a folder of our own, under names of our own: what the source's are called may not fit there. */
export function throwAwayLocation(like: SourceLocation, folder: string): SourceLocation {
  return locationLike(join(folder, 'restored.db'), like);
}

function locationLike(path: string, like: SourceLocation): SourceLocation {
  const { attached = [] } = parse(like);
  if (attached.length === 0) return { path };
  const extension = extname(path);
  const stem = basename(path, extension);
  return { path, attached: attached.map(({ name }) => ({ name, path: join(dirname(path), `${stem}.${name}${extension}`) })) };
}
