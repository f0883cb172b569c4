import { AppError } from '../../../base/errors.ts';
import type { OpenFile } from './hold.ts';

/** A table or view, in the file of the set that has it. */
export interface FoundObject {
  readonly file: OpenFile;
  readonly name: string;
}

/**
 * The table or view that an object's name stands for: its own name, or `file.name` in a set of several files.
 * Throws `object.unknown` with some that there are.
 */
export function findObject(files: readonly OpenFile[], object: string): FoundObject {
  for (const file of files) {
    const name = files.length > 1 ? withoutPrefix(object, `${file.name}.`) : object;
    if (name !== undefined && exists(file, name)) return { file, name };
  }
  throw new AppError('object.unknown', `There is no table ${JSON.stringify(object)}.`, { hint: hintOf(files), details: { object } });
}

function withoutPrefix(text: string, prefix: string): string | undefined {
  return text.startsWith(prefix) ? text.slice(prefix.length) : undefined;
}

function exists(file: OpenFile, name: string): boolean {
  return file.db.prepare<[string]>("SELECT 1 FROM sqlite_schema WHERE type IN ('table','view') AND name = ? COLLATE BINARY").get(name) !== undefined;
}

function hintOf(files: readonly OpenFile[]): string {
  const names = files.flatMap((file) =>
    file.db
      .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' LIMIT 10")
      .pluck()
      .all()
      .map((name) => (files.length > 1 ? `${file.name}.${name}` : name)),
  );
  return names.length === 0 ? 'It has no tables.' : `It has: ${names.slice(0, 10).join(', ')}.`;
}
