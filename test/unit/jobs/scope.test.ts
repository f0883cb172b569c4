import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { silentLog } from '../../../electron/core/base/system.ts';
import type { Core } from '../../../electron/core/app/core.ts';
import { withEngineContext } from '../../../electron/core/app/scope.ts';
import { temporaryFolder } from '../../helpers/world.ts';

const scope = { client: 'test', signal: new AbortController().signal, progress: () => undefined };
const coreIn = (home: string): Core => ({ home, log: silentLog }) as unknown as Core;

test('a temporary folder that cannot be removed does not make a failure of what was done, nor hide why it failed', async () => {
  await using folder = await temporaryFolder();
  const parent = path.join(folder.path, 'tmp');
  const unremovable = async ({ temporaryFolder: own }: { readonly temporaryFolder: string }): Promise<void> => {
    expect(own.startsWith(parent)).toBe(true);
    await rm(parent, { recursive: true });
    await symlink('tmp', parent);
  };
  await expect(withEngineContext(coreIn(folder.path), scope, (context) => unremovable(context).then(() => 'done'))).resolves.toBe('done');
  await rm(parent);
  const why = new Error('the reason');
  const failing = async (context: { readonly temporaryFolder: string }): Promise<never> => {
    await unremovable(context);
    throw why;
  };
  await expect(withEngineContext(coreIn(folder.path), scope, failing)).rejects.toBe(why);
});

test('a temporary folder is gone when the work ends, and where none can be made that is said', async () => {
  await using folder = await temporaryFolder();
  const parent = path.join(folder.path, 'tmp');
  await withEngineContext(coreIn(folder.path), scope, ({ temporaryFolder: own }) => mkdir(path.join(own, 'inside')));
  expect(await readdir(parent)).toEqual([]);
  await rm(parent, { recursive: true });
  await writeFile(parent, '');
  await expect(withEngineContext(coreIn(folder.path), scope, (context) => Promise.resolve(context.temporaryFolder))).rejects.toMatchObject({
    code: 'home.unusable',
  });
});
