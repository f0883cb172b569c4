import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { standardBelay } from '../../../electron/core/app/standard.ts';
import { temporaryFolder } from '../../helpers/world.ts';

test('what a repair mended is no problem any more for the host that mended it', async () => {
  await using folder = await temporaryFolder();
  const home = path.join(folder.path, 'home');
  mkdirSync(home, { mode: 0o700 });
  const begin = () => standardBelay({ home, version: '0.1.0' }, { startedBy: 'command', clients: () => 1 });
  const client = { client: 'test' };
  const first = await begin();
  await first.call('repository.init', {}, client);
  await first.close('the test goes on');
  rmSync(path.join(home, 'repository', 'config.copy'));
  const belay = await begin();
  try {
    await belay.call('repository.usage', {}, client);
    const before = await belay.call('snapshot.list', {}, client);
    expect(before.problems.map(({ file }) => file)).toEqual(['config.copy']);
    await belay.call('repository.repair', { dryRun: true }, client);
    expect((await belay.call('snapshot.list', {}, client)).problems).toHaveLength(1);
    const { mended } = await belay.call('repository.repair', { dryRun: false }, client);
    expect(mended).toHaveLength(1);
    expect((await belay.call('snapshot.list', {}, client)).problems).toEqual([]);
  } finally {
    await belay.close('the test ended');
  }
});
