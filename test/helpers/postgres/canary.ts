import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

/** What a secret was seen in while something ran. */
export interface Sampling {
  /** `cmdline of …`, `environment of …`, `file …, mode …`: each once. */
  readonly hits: ReadonlySet<string>;
  /** Programs that were looked at, by the last part of their path. */
  readonly programs: ReadonlySet<string>;
  stop(): Promise<void>;
}

/**
 * Looks without a pause, until it is stopped, for `secret` in the arguments and the environment of every process, and in the files below `folders` that
 * others than their owner may read.
 */
export function sample(secret: string, folders: readonly string[]): Sampling {
  const hits = new Set<string>();
  const programs = new Set<string>();
  let over = false;
  const running = (async () => {
    while (!over) {
      await lookAtProcesses(secret, hits, programs);
      for (const folder of folders) await lookAtFiles(secret, folder, hits);
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  return {
    hits,
    programs,
    stop: async () => {
      over = true;
      await running;
    },
  };
}

/** Undefined for what is gone meanwhile. */
async function contentOf(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}

async function lookAtProcesses(secret: string, hits: Set<string>, programs: Set<string>): Promise<void> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && name !== String(process.pid))) {
    const [args, environment] = [await contentOf(`/proc/${pid}/cmdline`), await contentOf(`/proc/${pid}/environ`)];
    const words = args?.toString('utf8').split('\0') ?? [];
    const program = words
      .filter((word) => word !== '')
      .slice(0, 2)
      .map((word) => path.basename(word));
    for (const one of program) programs.add(one);
    if (args?.includes(secret) === true) hits.add(`cmdline of ${program.join(' ')}`);
    if (environment?.includes(secret) === true) hits.add(`environment of ${program.join(' ')}`);
  }
}

async function lookAtFiles(secret: string, folder: string, hits: Set<string>): Promise<void> {
  let names: readonly string[];
  try {
    names = await readdir(folder, { recursive: true });
  } catch (error) {
    // A folder that is removed while it is read.
    if (error instanceof Error && 'code' in error) return;
    throw error;
  }
  for (const name of names) {
    const file = path.join(folder, name);
    const facts = await stat(file).catch(() => undefined);
    if (facts?.isFile() !== true || facts.size > 1 << 20) continue;
    const mode = (facts.mode & 0o777).toString(8);
    if (mode !== '600' && (await contentOf(file))?.includes(secret) === true) hits.add(`file ${name}, mode ${mode}`);
  }
}
