import { fork } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, lstatSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { makeBank } from './bank.ts';
import { startWriter } from './writer.ts';

const hotChild = fileURLToPath(new URL('./hot-child.ts', import.meta.url));

/** A bank whose program was killed in the middle of a transaction that had reached the file. */
export async function makeHot(file: string): Promise<void> {
  makeBank(file, { journal: 'delete', filler: 500 });
  const child = fork(hotChild, [file], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: ['--disable-warning=ExperimentalWarning'] });
  const exited = once(child, 'exit');
  await once(child, 'message');
  child.kill('SIGKILL');
  await exited;
  if (!existsSync(`${file}-journal`)) throw new Error('no hot journal was left');
}

/** A bank whose program was killed with transactions in the log that never reached the file; index left or taken away. */
export async function makeUnmerged(file: string, index: 'kept' | 'gone'): Promise<void> {
  const made = index === 'kept' ? file : `${file}.made`;
  makeBank(made, { journal: 'wal', filler: 300 });
  const writer = await startWriter(made, { pragmas: 'PRAGMA wal_autocheckpoint = 0' });
  await writer.kill();
  if (index === 'gone') for (const part of ['', '-wal']) copyFileSync(made + part, file + part);
}

/** Every file of a folder with its content, mode and times: what "unchanged" means. */
export function photograph(folder: string): Readonly<Record<string, string>> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted();
  return Object.fromEntries(
    names.map((name) => {
      const { mode, size, mtimeMs, ino } = lstatSync(path.join(folder, name));
      const content = lstatSync(path.join(folder, name)).isFile()
        ? createHash('sha256')
            .update(readFileSync(path.join(folder, name)))
            .digest('hex')
            .slice(0, 16)
        : '';
      return [name, [mode.toString(8), size, mtimeMs, ino, content].join(' ')];
    }),
  );
}
