import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { removeEarly } from '../../../electron/core/engines/postgres/temporary.ts';
import { silentLog } from '../../../electron/core/base/system.ts';

let folder = '';
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'belay-early-'))));
afterAll(() => rmSync(folder, { recursive: true }));

test('a temporary file is removed, and one that cannot be is told in the log alone', async () => {
  const warned: string[] = [];
  const context = { log: { ...silentLog, warn: (text: string) => void warned.push(text) } };
  const [file, stuck] = [join(folder, 'a'), join(folder, 'b')];
  writeFileSync(file, '');
  // As it is not a file, the system refuses to remove it as one.
  mkdirSync(stuck);
  await removeEarly(file, context);
  expect([existsSync(file), warned]).toEqual([false, []]);
  await removeEarly(stuck, context);
  expect([existsSync(stuck), warned]).toEqual([true, ['a temporary file could not be removed']]);
});
