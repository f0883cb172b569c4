import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openLocalFolder } from '../../electron/core/repository/store/local-folder.ts';
import { systemRandom } from '../../electron/core/base/system.ts';
import { blobStoreSuite } from './blob-store-suite.ts';

blobStoreSuite('local folder', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'belay-store-'));
  return { store: await openLocalFolder(folder, { random: systemRandom }), dispose: () => rm(folder, { recursive: true }) };
});
