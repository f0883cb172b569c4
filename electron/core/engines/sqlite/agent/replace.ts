import { closeSync, openSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { unlinkIfThereSync } from '../../../base/durable-file.ts';
import { openConnection } from './connection.ts';
import { copyOut } from './overwrite.ts';
import type { ReplacedFile } from './protocol.ts';
import { makeMark, overwriteUnchanged, sync, Target } from './target.ts';

/**
 * Writes each `from` over its `to`, as `overwriteDatabase` does, keeping what is overwritten in `keep`: durable before anything is
 * written, and the very content that the writing replaces. Writers wait from the moment that it is copied. Between that and the lock
 * of the writing they get an instant; where one commits in it, the content is kept anew. All files are kept at one instant; of a set,
 * what is committed to a later file while an earlier one is written is kept with that later one.
 * Throws `target.busy` where a target stays locked for `busyMs`, and as `overwriteDatabase`.
 */
export async function replaceContents(files: readonly ReplacedFile[], busyMs: number, progress: (bytes: number, of: number) => void): Promise<number> {
  const targets: { readonly file: ReplacedFile; readonly target: Target }[] = [];
  try {
    for (const file of files) targets.push({ file, target: new Target(file.to, busyMs) });
    for (const { target } of targets) target.lock();
    for (const { file, target } of targets) await keep(target, file, busyMs);
    let pages = 0;
    for (const { file, target } of targets) {
      pages += await overwritten(target, file, busyMs, progress);
      // From here on the target is known to have been overwritten, whatever is written into it next.
      makeMark(file.done);
    }
    return pages;
  } finally {
    for (const { target } of targets) target.close();
  }
}

async function overwritten(target: Target, file: ReplacedFile, busyMs: number, progress: (bytes: number, of: number) => void): Promise<number> {
  for (;;) {
    const pages = await overwriteUnchanged(target, file.from, busyMs, progress);
    if (pages !== undefined) return pages;
    target.lock();
    await keep(target, file, busyMs);
  }
}

/**
 * The content of now into `keep`, on the disk when it resolves. What an earlier try kept there stays until it is replaced: of a set,
 * another file may be overwritten already, and what a crash leaves is put back only where everything is kept.
 */
async function keep(target: Target, file: ReplacedFile, busyMs: number): Promise<void> {
  const part = `${file.keep}.part`;
  unlinkIfThereSync(part);
  target.note();
  // SQLite copies out of no connection that holds a write lock: another one reads what that lock keeps as it is.
  const reader = openConnection(file.to, 'read', busyMs);
  try {
    await copyOut(reader, part);
  } finally {
    reader.close();
  }
  // A database of no bytes has nothing to copy, and is kept all the same.
  closeSync(openSync(part, 'a'));
  sync(part, 'r+');
  renameSync(part, file.keep);
  sync(dirname(file.keep), 'r');
}
