import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commitName, machineFacts, tableText, type BenchDocument } from './table.ts';

/** The checkout that is measured. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Options that every benchmark has. */
export const commonOptions = { json: { type: 'boolean', default: false }, folder: { type: 'string' } } as const;

export const mib = (bytes: number): number => bytes / 2 ** 20;
export const seconds = (ms: number): number => ms / 1000;
/** Progress, beside what is measured. */
export const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** A new folder for what a benchmark makes, in the folder given or where temporary files are; `present` takes it away. */
export function benchFolder(within: string | undefined): string {
  return mkdtempSync(join(within ?? tmpdir(), 'belay-bench-'));
}

/** Runs a benchmark and prints its document, as a table or as JSON; the process ends with 1 where a goal is missed. The folder is gone then. */
export async function present(
  { bench, folder, json }: { readonly bench: string; readonly folder: string; readonly json: boolean },
  work: () => Promise<Pick<BenchDocument, 'versions' | 'rows'>>,
): Promise<void> {
  try {
    const { versions, rows } = await work();
    const found = { node: process.versions.node, ...versions };
    const document = { bench, at: new Date().toISOString(), machine: machineFacts(), versions: found, commit: commitName(root), rows };
    process.stdout.write(json ? `${JSON.stringify(document)}\n` : `${tableText(document)}\n`);
    process.exitCode = rows.some((one) => one.met === false) ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
