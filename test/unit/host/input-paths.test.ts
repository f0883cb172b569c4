import { expect, test } from 'vitest';
import type { z } from 'zod';
import { commands } from '../../../electron/contract/commands.ts';
import type { CommandName } from '../../../electron/contract/commands.ts';
import { prepareHome } from '../../../electron/core/app/faces.ts';
import { standardBelay } from '../../../electron/core/app/standard.ts';
import { temporaryFolder } from '../../helpers/world.ts';

const check = (cwd: string) => [{ kind: 'command', name: 'n', argv: ['true'], cwd }];

/** Every input with a path in it, made with that path. */
const inputs: readonly (readonly [CommandName, (path: string) => object])[] = [
  ['status', (folder) => ({ folder })],
  ['doctor', (folder) => ({ folder })],
  ['discover', (folder) => ({ folder })],
  ['repository.init', (location) => ({ location })],
  ['repository.init', (keyFile) => ({ keyFile })],
  ['repository.unlock', (keyFile) => ({ keyFile })],
  ['keys.add', (keyFile) => ({ kind: 'keyfile', keyFile })],
  ['sources.add', (baseFolder) => ({ location: {}, baseFolder })],
  ['file.verify', (path) => ({ path })],
  ['file.verify', (path) => ({ path: '/x', checks: check(path) })],
  ['snapshot.verify', (path) => ({ snapshot: 'latest', checks: check(path) })],
  ['restore.run', (file) => ({ file, mode: 'throw-away' })],
  ['restore.run', (path) => ({ snapshot: 'latest', mode: 'throw-away', checks: check(path) })],
  ['export', (to) => ({ snapshot: 'latest', to })],
  ['import', (path) => ({ path })],
];

test.each(inputs)('%s takes a path only where it is absolute (%#)', (name, made) => {
  const schema: z.ZodType = commands[name].input;
  for (const path of ['shop.db', './shop.db', '../shop.db', '~/shop.db', '', 'C:shop.db', 'C:', String.raw`\shop`, '/a\0b', 'file:///x'])
    expect([path, schema.safeParse(made(path)).success]).toEqual([path, false]);
  for (const path of ['/', '/home/ann/shop db', String.raw`C:\shop.db`, 'd:/shop.db', String.raw`\\server\share\shop.db`])
    expect([path, schema.safeParse(made(path)).success]).toEqual([path, true]);
});

test('the host says which path is not absolute', async () => {
  await using folder = await temporaryFolder();
  const belay = await standardBelay({ home: await prepareHome(folder.path), version: '1' }, { startedBy: 'command', clients: () => 1 });
  await expect(belay.call('file.verify', { path: 'shop.db' }, { client: 'command 1' })).rejects.toMatchObject({
    code: 'input.invalid',
    message: 'path must be an absolute path.',
  });
  await belay.close('over');
});
