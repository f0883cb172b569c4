import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { answerOf, Place, record } from '../../helpers/cli/belay.ts';
import { dockerPossible, privateDocker } from '../../helpers/containers/docker.ts';
import { runPostgres, sqlIn } from '../../helpers/containers/postgres.ts';
import { filesWith } from '../../helpers/files-with.ts';

const password = 'c4nary-of-the-container';

test.runIf(dockerPossible)(
  'the loop on a database in a container: discover, add, test, snap proved, drill, rewind; its password is shown nowhere',
  async () => {
    await using docker = await privateDocker(['postgres:15']);
    await using place = await Place.make();
    await docker.call('POST', '/networks/create', { Name: 'shop', Driver: 'bridge' });
    await runPostgres(docker, { name: 'shop-db-1', password, user: 'shop', network: 'shop', published: true });
    const at = { user: 'shop', database: 'shop' };
    await sqlIn(
      docker,
      'shop-db-1',
      at,
      'CREATE TABLE orders (id int PRIMARY KEY, total numeric); INSERT INTO orders SELECT n, n * 1.5 FROM generate_series(1, 500) n',
    );
    await writeFile(place.path('vault'), 'a passphrase of the file of secrets\n', { mode: 0o600 });
    const env = { DOCKER_HOST: docker.host, BELAY_SECRETS_PASSPHRASE_FILE: place.path('vault') };
    await place.host({ env });
    let shown = '';
    const run = async (...argv: readonly string[]) => {
      const ran = await place.run(argv, { env });
      shown += ran.stdout + ran.stderr;
      return ran;
    };
    const data = async (...argv: readonly string[]): Promise<Record<string, unknown>> => {
      const answer = answerOf(await run(...argv, '--json'));
      expect(answer, JSON.stringify(answer)).toMatchObject({ ok: true });
      return record(answer['data']);
    };

    await data('init', '--no-encryption');
    const text = await run('discover');
    expect(text.stdout).toContain('belay source add docker://shop-db-1/shop --name shop');
    expect(text.stdout).toContain('running');
    expect(await data('source', 'add', 'docker://shop-db-1')).toMatchObject({
      source: { name: 'shop', location: { container: { name: 'shop-db-1' }, database: 'shop', user: 'shop' } },
    });
    const { found } = await data('discover');
    expect((found as { location: { container?: unknown }; source?: string }[]).find((one) => one.location.container !== undefined)).toMatchObject({
      source: 'shop',
    });
    expect((await run('source', 'test', 'shop')).stdout).toMatch(/tool pg_dump +15\.\d+ \(in the container shop-db-1\)/);
    expect((await run('source', 'list')).stdout).toContain('docker://shop-db-1/shop');
    expect((await run('doctor')).stdout).toMatch(/containers +good +Docker/);

    expect(await data('snap', 'shop', '--name', 'before', '--level', 'proved')).toMatchObject({ verification: { result: 'passed', level: 'proved' } });
    expect(await data('drill', 'shop')).toMatchObject({ drill: { result: 'proved' } });
    await sqlIn(docker, 'shop-db-1', at, 'DELETE FROM orders WHERE id > 10');
    await data('rewind', 'shop', '--to', 'before');
    expect(await sqlIn(docker, 'shop-db-1', at, 'SELECT count(*), sum(total) FROM orders')).toBe('500|187875.0');

    await docker.call('POST', '/containers/shop-db-1/stop');
    const stopped = answerOf(await run('snap', 'shop', '--json'));
    expect(stopped).toMatchObject({ ok: false, error: { code: 'source.unreachable', hint: 'Start it: docker start shop-db-1' } });
    expect((await run('discover')).stdout).toContain('stopped');
    expect(shown).not.toContain(password);
    expect(await filesWith(place.home, password)).toEqual([]);
  },
);
