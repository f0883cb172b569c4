import { join } from 'node:path';
import { z } from 'zod';
import type { Random } from '../base/ports.ts';
import { openDocument } from '../sources/document.ts';

/** Exports that are under way, or that a crash interrupted: a JSON file of their own in the data directory, replaced durably at every change. */

const exportRow = z.object({
  id: z.string().regex(/^[0-9a-f]{16}$/),
  at: z.number(),
  /** As it was asked for. */
  to: z.string(),
  /** The folder of `to` without links on the way there, and the device that it was on. */
  folder: z.string(),
  device: z.string(),
  /**
   * Empty until all are whole and on the medium; then in the order in which they get their names, the one that was asked for last. `from` is a name in
   * the hidden folder, `to` one in `folder`.
   */
  files: z.array(z.object({ from: z.string(), to: z.string(), bytes: z.number(), mtimeMs: z.number() })),
  /** A name in `folder`, from before it is taken by an empty file: where there are no hard links. */
  claimed: z.string().optional(),
});

const fileSchema = z.object({ version: z.literal(1), exports: z.array(exportRow) });

export type ExportRow = z.infer<typeof exportRow>;

export interface ExportRecords {
  all(): readonly ExportRow[];
  /** Adds or replaces by id; resolves when durable. */
  put(row: ExportRow): Promise<void>;
  remove(id: string): Promise<void>;
}

/** Opens the file in the data directory, which need not exist. A malformed one throws `home.unusable` and is left as it is. */
export async function openExportRecords(home: string, ports: { readonly random: Random }): Promise<ExportRecords> {
  const document = openDocument<z.infer<typeof fileSchema>>(
    { file: join(home, 'exports.json'), title: 'record of exports', schema: fileSchema, empty: { version: 1, exports: [] } },
    ports,
  );
  let rows: readonly ExportRow[] = (await document.read()).exports;
  const change = async (next: (now: readonly ExportRow[]) => ExportRow[]): Promise<void> => {
    rows = (await document.update((content) => ({ ...content, exports: next(content.exports) }))).exports;
  };
  return {
    all: () => rows,
    put: (row) => change((now) => [...now.filter((one) => one.id !== row.id), row]),
    remove: (id) => change((now) => now.filter((one) => one.id !== id)),
  };
}
