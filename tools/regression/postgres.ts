/**
 * `npm run fidelity:postgres-regression`: makes PostgreSQL's own regression database with the server's own test driver, snapshots it, restores it
 * beside, swaps it in under a new name, and compares: by Belay's fingerprint, by the text of pg_dump, and by the server's own hash of every row.
 * Ends with 1 where anything differs. On Debian, with the package postgresql-15 and a C compiler; takes some two minutes. Not part of `npm test`.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyCopy } from '../../electron/core/verify/drill.ts';
import { withContext } from '../../test/helpers/engine-context.ts';
import { contentOf, definitionsOf } from '../../test/helpers/postgres/compare.ts';
import { roundTrip } from '../../test/helpers/postgres/round-trip.ts';
import { binOf, startServer, type PostgresServer } from '../../test/helpers/postgres/server.ts';
import { locationOn } from '../../test/helpers/postgres/subject.ts';
import { regressionTests, type RegressionTests } from './source.ts';

const major = 15;
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

process.exitCode = (await main()) ? 0 : 1;

async function main(): Promise<boolean> {
  const tests = regressionTests(major, binOf(major), say);
  await using server = await startServer(major, ['wal_level=logical', 'log_min_messages=fatal']);
  say(await makeDatabase(server, tests));

  const trip = roundTrip(server);
  let since = performance.now();
  const { snapshot, report, sink } = await trip.capture('regression');
  const tables = sink.objects.filter((one) => one.kind === 'table');
  const rows = tables.reduce((sum, one) => sum + (one.rows ?? 0), 0);
  say(`captured in ${seconds(since)}: ${tables.length} tables, ${rows} rows, ${report.fingerprint.items.length} things fingerprinted`);
  for (const warning of report.warnings) say(`  said: ${warning}`);

  since = performance.now();
  const target = { location: locationOn(server, 'again'), mode: 'new' } as const;
  const none = (): Promise<void> => Promise.resolve();
  const differences = await withContext(async (context) => {
    const copy = await trip.engine.restore(snapshot, target, context, none);
    const { differences: found, result, checks } = await verifyCopy(trip.engine, copy, snapshot, [], context);
    say(`restored and compared in ${seconds(since)}: ${result}, ${found.length} differences by the fingerprint`);
    await trip.engine.promote(copy, target, context, none);
    return [...found.map((one) => one.statement), ...checks.filter((one) => one.result === 'failed').map((one) => one.name)];
  });
  const definitions = apart('pg_dump -s', definitionsOf(server, 'regression').map(unordered), definitionsOf(server, 'again').map(unordered));
  const content = apart('rows', await contentOf(server, 'regression'), await contentOf(server, 'again'));
  say(
    `${definitions.length} differences in the text of pg_dump, columns of tables that inherit in any order; ${content.length} in the rows by the server's own hash`,
  );
  const all = [...differences, ...definitions, ...content];
  for (const one of all) say(`  differs: ${one}`);
  return all.length === 0;
}

/** A column that was added late to a parent changes its place in a dump, and so in every restore. */
function unordered(block: string): string {
  if (!block.startsWith('CREATE TABLE') || !block.includes('INHERITS (')) return block;
  return block.replaceAll(/,$/gm, '').split('\n').toSorted().join('\n');
}

function apart(what: string, expected: readonly string[], found: readonly string[]): readonly string[] {
  const [before, after] = [new Set(expected), new Set(found)];
  return [
    ...expected.filter((one) => !after.has(one)).map((one) => `${what}: - ${one}`),
    ...found.filter((one) => !before.has(one)).map((one) => `${what}: + ${one}`),
  ];
}

/** By the driver, on this server, as the server's user: it writes files that both read. What it said of its tests. */
async function makeDatabase(server: PostgresServer, tests: RegressionTests): Promise<string> {
  const output = mkdtempSync(join(tmpdir(), 'pg-regress-'));
  try {
    say(`making the regression database of ${tests.version}`);
    const asNobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    if (asNobody.uid !== undefined) chownSync(output, asNobody.uid, asNobody.gid);
    chmodSync(output, 0o755);
    const where = [`--host=${server.socket}`, `--port=${server.port}`, `--user=${server.superuser}`, '--dbname=regression'];
    const files = [`--inputdir=${tests.input}`, `--outputdir=${output}`, `--bindir=${server.bin}`, `--dlpath=${tests.libraries}`];
    const schedule = [`--schedule=${join(tests.input, 'parallel_schedule')}`, '--max-connections=20'];
    const ran = spawnSync(tests.driver, [...where, ...files, ...schedule], {
      cwd: output,
      encoding: 'utf8',
      maxBuffer: 16 << 20,
      env: { PATH: process.env['PATH'], LC_ALL: 'C' },
      ...asNobody,
    });
    const summary = ran.stdout.split('\n').find((line) => /\d+ (?:of \d+ )?tests (?:passed|failed)/.test(line));
    if (summary === undefined) throw new Error(`the test driver did not end its tests: ${ran.stderr.slice(-1000)}${ran.stdout.slice(-1000)}`);
    await refreshAll(server);
    return summary.trim();
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}

/** Views that are out of date at the original are not so in a restored copy: only fresh ones can be compared by their rows. */
async function refreshAll(server: PostgresServer): Promise<void> {
  for (let depth = 0; depth < 4; depth += 1)
    await server.run(
      'regression',
      `DO $$ DECLARE one regclass; BEGIN FOR one IN SELECT format('%I.%I', schemaname, matviewname)::regclass FROM pg_matviews WHERE ispopulated
        LOOP EXECUTE format('REFRESH MATERIALIZED VIEW %s', one); END LOOP; END $$`,
    );
}
