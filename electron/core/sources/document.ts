import { open } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { inputWords } from '../../contract/input-words.ts';
import { READ_FLAGS, replaceFile } from '../base/durable-file.ts';
import { AppError, systemCode } from '../base/errors.ts';
import type { Random } from '../base/ports.ts';

/** One JSON file of the data directory, with a version, checked at each reading, replaced whole and durably at each change. */
export interface Document<T> {
  readonly file: string;
  /** The content on disk now; a copy of what it begins with where the file is missing. Throws `home.unusable` naming the file, which stays as it is. */
  read(): Promise<T>;
  /**
   * Reads anew, applies `change`, checks, and resolves with the new content when it is durable. Changes run one after the
   * other. Where `change` throws, or gives back the same object, nothing is written.
   */
  update(change: (content: T) => T | Promise<T>): Promise<T>;
}

const LARGEST = 16 * 2 ** 20;

export interface DocumentSpec<T extends { readonly version: number }> {
  readonly file: string;
  /** What the file is, for errors: `list of sources`. */
  readonly title: string;
  readonly schema: z.ZodType<T>;
  /** Content of a missing file; its version is the one that this code writes. */
  readonly empty: T;
}

export function openDocument<T extends { readonly version: number }>(spec: DocumentSpec<T>, ports: { readonly random: Random }): Document<T> {
  let last: Promise<unknown> = Promise.resolve();
  const read = async (): Promise<T> => {
    const text = await readText(spec);
    return text === undefined ? structuredClone(spec.empty) : parse(spec, text);
  };
  return {
    file: spec.file,
    read,
    update(change) {
      const run = last.then(async () => {
        const now = await read();
        const changed = await change(now);
        if (changed === now) return now;
        const checked = spec.schema.parse(changed);
        try {
          await replaceFile(spec.file, Buffer.from(`${JSON.stringify(checked, null, 2)}\n`), ports);
        } catch (error) {
          throw new AppError('home.unusable', `The ${spec.title} cannot be written: ${spec.file}`, {
            hint: 'Make room on the disk of the data directory, or give it back its rights, then try again.',
            details: { file: spec.file },
            cause: error,
            retryable: true,
          });
        }
        return checked;
      });
      last = run.catch(() => undefined);
      return run;
    },
  };
}

async function readText(spec: { readonly file: string; readonly title: string }): Promise<string | undefined> {
  try {
    const handle = await open(spec.file, READ_FLAGS);
    try {
      const { size } = await handle.stat();
      if (size > LARGEST) throw malformed(spec, `it has ${String(size)} bytes`);
      return await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    if (error instanceof AppError) throw error;
    throw new AppError('home.unusable', `The ${spec.title} cannot be read: ${spec.file}`, {
      hint: 'Check the rights of the file and that it is a file, not a link.',
      details: { file: spec.file },
      cause: error,
    });
  }
}

function parse<T extends { readonly version: number }>(spec: DocumentSpec<T>, text: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw malformed(spec, 'it is not JSON', error);
  }
  const version = z.object({ version: z.number() }).safeParse(value);
  if (version.success && version.data.version > spec.empty.version) {
    throw new AppError('home.unusable', `The ${spec.title} was written by a newer Belay: ${spec.file}`, {
      hint: 'Use the newer Belay with this data directory, or another data directory (BELAY_HOME).',
      details: { file: spec.file, version: version.data.version, known: spec.empty.version },
    });
  }
  const parsed = spec.schema.safeParse(value, { error: inputWords });
  if (!parsed.success)
    throw malformed(spec, parsed.error.issues.map(({ path: at, message }) => `${at.length === 0 ? 'it' : at.join('.')} ${message}`).join('; '));
  return parsed.data;
}

function malformed(spec: { readonly file: string; readonly title: string }, why: string, cause?: unknown): AppError {
  return new AppError('home.unusable', `The ${spec.title} is malformed (${path.basename(spec.file)}): ${why}`, {
    hint: 'Correct the file, or put back a copy of it. Belay leaves it as it is.',
    details: { file: spec.file },
    ...(cause === undefined ? {} : { cause }),
  });
}
