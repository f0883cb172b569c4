import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { majors, startServer } from '../../helpers/postgres/server.ts';

const child = fileURLToPath(new URL('../../helpers/postgres/server-child.ts', import.meta.url));

for (const major of [13, 14, 15, 16, 17, 18]) {
  test.runIf(majors.includes(major))(`PostgreSQL ${major} starts, answers and is gone afterwards`, async () => {
    let socket: string;
    {
      await using server = await startServer(major);
      socket = server.socket;
      expect(await server.run('postgres', 'SHOW server_version_num')).toEqual([{ server_version_num: expect.stringMatching(`^${major}`) as unknown }]);
      const byPassword = await server.connect('postgres', { host: '127.0.0.1', password: server.password });
      await byPassword.end();
      await expect(server.connect('postgres', { host: '127.0.0.1', password: 'wrong' })).rejects.toMatchObject({ code: '28P01' });
    }
    expect(existsSync(socket)).toBe(false);
  });
}

test.runIf(majors.length > 0)('a server whose test process was killed is gone', async () => {
  const owner = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', child, String(majors[0])], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(owner.stdout, 'data')) as [Buffer];
  const socket = line.toString('utf8').trim();
  expect(existsSync(socket)).toBe(true);
  owner.kill('SIGKILL');
  await expect.poll(() => existsSync(socket)).toBe(false);
});
