import { dirname } from 'node:path';
import { unlinkIfThereSync } from '../../../base/durable-file.ts';
import { contentHash } from '../content-hash.ts';
import { targetChanged } from '../target-changed.ts';
import { openConnection } from './connection.ts';
import { fingerprintFiles } from './fingerprint.ts';
import type { Turn } from './hash-table.ts';
import { overwriteDatabase, type Gate } from './overwrite.ts';
import type { PutBackFile } from './protocol.ts';
import { makeMark, overwriteUnchanged, sync, Target } from './target.ts';

/**
 * Writes each `from` over its `to`, as `overwriteDatabase` does, where every `to` still has its `content`: nobody's commit falls between
 * the look and the writing. `begun` is made before the first page is written, and is not there where nothing was. Of a set, what is
 * committed to a later file in the instant in which its own writing takes the lock is overwritten with it.
 * Throws `undo.target-changed` with nothing written, and as `overwriteDatabase`.
 */
export async function putBack(
  files: readonly PutBackFile[],
  begun: string,
  busyMs: number,
  turn: Turn,
  progress: (bytes: number, of: number) => void,
): Promise<number> {
  const targets: { readonly file: PutBackFile; readonly target: Target }[] = [];
  try {
    for (const file of files) targets.push({ file, target: new Target(file.to, busyMs) });
    const [first, ...others] = targets;
    if (first === undefined) return 0;
    let pages: number | undefined;
    while (pages === undefined) {
      for (const { file, target } of targets) await verify(target, file, busyMs, turn);
      for (const { target } of targets) target.lock();
      if (targets.every(({ target }) => target.isUnchanged())) {
        makeMark(begun);
        pages = await overwriteUnchanged(first.target, first.file.from, busyMs, progress);
        if (pages === undefined) unmark(begun);
      }
      if (pages === undefined) for (const { target } of targets) target.unlock();
    }
    for (const { file, target } of others) pages += await overwriteDatabase(file.from, file.to, busyMs, progress, lettingGo(target));
    return pages;
  } finally {
    for (const { target } of targets) target.close();
  }
}

function lettingGo(target: Target): Gate {
  return { release: () => target.unlock(), locked: () => undefined };
}

async function verify(target: Target, { to, content }: PutBackFile, busyMs: number, turn: Turn): Promise<void> {
  target.note();
  const db = openConnection(to, 'read', busyMs);
  try {
    const found = await fingerprintFiles([{ name: 'main', db, real: to }], turn, () => undefined);
    if (contentHash(found) !== content) throw targetChanged(to);
  } finally {
    db.close();
  }
}

function unmark(begun: string): void {
  unlinkIfThereSync(begun);
  sync(dirname(begun), 'r');
}
