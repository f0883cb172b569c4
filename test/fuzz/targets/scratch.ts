import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'belay-fuzz-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** A file of that content under a path of its own below a folder that goes with this process. */
export function scratchFile(path: string, bytes: Uint8Array): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, bytes);
  return file;
}

/** Makes the file as long as that, with a hole. */
export function withHole(file: string, length: number): void {
  truncateSync(file, length);
}

export function scratchFolder(path: string): string {
  const made = join(folder, path);
  mkdirSync(made, { recursive: true });
  return made;
}
