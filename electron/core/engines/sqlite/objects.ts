import type { Fingerprint, ObjectRow } from '../engine.ts';
import type { HeldFile } from './held.ts';
import { basename } from 'node:path';

/** A table is named as its fingerprint is: its own name, or `file.table` in a set. */
export function* tableRows(fingerprint: Fingerprint): Generator<ObjectRow> {
  for (const item of fingerprint.items) {
    if (item.kind !== 'table') continue;
    yield { name: item.name, kind: 'table', fingerprint: item.hash, ...(item.rows === undefined ? {} : { rows: item.rows }) };
  }
}

/** `file:main`, unless a table is called that. */
export function fileObjectName(file: string, taken: ReadonlySet<string>): string {
  let name = `file:${file}`;
  while (taken.has(name)) name = `file:${name}`;
  return name;
}

/** What of a captured file is kept beside its bytes. */
export function describedFile({ source, view }: HeldFile): Readonly<Record<string, unknown>> {
  return {
    file: source.name,
    basename: basename(source.path),
    mode: source.mode,
    uid: source.uid,
    gid: source.gid,
    modifiedAt: source.modifiedAt,
    pageSize: view.pageSize,
    pages: view.pages,
    journal: view.journal,
  };
}
