import { existsSync, rmSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAppError, isCancelled } from '../../electron/core/base/errors.ts';
import { compareFingerprints } from '../../electron/core/engines/fingerprint.ts';
import { createPostgresEngine } from '../../electron/core/engines/postgres/engine.ts';
import { engineContext, withContext } from '../helpers/engine-context.ts';
import { memorySink } from '../helpers/memory-sink.ts';
import { makeBank } from '../helpers/postgres/bank.ts';
import { roundTrip, type RoundTrip, type Taken } from '../helpers/postgres/round-trip.ts';
import { majors, startServer, type PostgresServer } from '../helpers/postgres/server.ts';
import { locationOn } from '../helpers/postgres/subject.ts';
import { timed } from '../helpers/timed.ts';

const caught = (work: Promise<unknown>): Promise<unknown> => work.then(() => 'no error').catch((error: unknown) => error);

/** Shell that takes the place of a tool; `$real` is the tool itself, `$file` what it is told to write. */
const file = 'for a; do [ "$last" = -f ] && file="$a"; last="$a"; done; ';

describe.runIf(majors.includes(15))('tools that do not do what they say', () => {
  const at = {} as { server: PostgresServer; trip: RoundTrip; taken: Taken; folder: string };
  beforeAll(async () => {
    at.server = await startServer(15);
    at.trip = roundTrip(at.server);
    at.folder = await mkdtemp(path.join(tmpdir(), 'belay-tools-'));
    await at.server.run('postgres', 'CREATE DATABASE bank');
    await at.server.run('bank', makeBank);
    at.taken = await at.trip.capture('bank');
  });
  afterAll(async () => {
    await at.server[Symbol.asyncDispose]();
    await rm(at.folder, { recursive: true, force: true });
  });

  /** An engine whose tools are the server's own but for one that begins with `script`. */
  const engineWith = async (tool: string, script: string): Promise<RoundTrip['engine']> => {
    const folder = await mkdtemp(path.join(at.folder, 'one-'));
    for (const name of ['pg_dump', 'pg_restore', 'pg_dumpall']) {
      const real = path.join(at.server.bin, name);
      const does = name === tool ? `if [ "$1" != --version ]; then real='${real}'; ${script}; fi\n` : '';
      await writeFile(path.join(folder, name), `#!/bin/sh\n${does}exec '${real}' "$@"\n`, { mode: 0o755 });
    }
    return createPostgresEngine({ folders: [folder] });
  };

  const capture = async (engine: RoundTrip['engine'], signal?: AbortSignal): Promise<{ readonly failed: unknown; readonly left: readonly string[] }> => {
    await using made = await engineContext(signal);
    const failed = await caught(engine.capture(at.trip.source('bank'), { maxWriterWait: 1000 }, memorySink(), made.context));
    return { failed, left: await readdir(made.context.temporaryFolder) };
  };

  const nothingLeft = async (): Promise<void> => {
    const { server } = at;
    expect(await server.run('postgres', `SELECT datname FROM pg_database WHERE datname LIKE '%belay%'`)).toEqual([]);
    await expect.poll(() => server.run('postgres', `SELECT query FROM pg_stat_activity WHERE application_name LIKE 'belay%'`)).toEqual([]);
  };

  test.each([
    ['writes half of its archive', `${file}"$real" "$@"; size=$(stat -c %s "$file"); truncate -s $((size / 2)) "$file"; exit 0`],
    ['writes its archive but for the last large object', `${file}"$real" "$@"; size=$(stat -c %s "$file"); truncate -s $((size - 30)) "$file"; exit 0`],
    ['writes nothing', `${file}: > "$file"; exit 0`],
    ['makes no file', 'exit 0'],
    ['writes something else', `${file}echo '-- PostgreSQL database dump' > "$file"; exit 0`],
    ['writes everything and ends with 1', `"$real" "$@"; exit 1`],
    ['is killed after it wrote everything', `"$real" "$@"; kill -9 $$`],
  ])('pg_dump that %s, and ends with 0 where nothing else is said, gives no snapshot', async (_what, script) => {
    const { failed, left } = await capture(await engineWith('pg_dump', script));
    expect(isAppError(failed, 'tool.failed'), String(failed)).toBe(true);
    expect(left).toEqual([]);
    await nothingLeft();
  });

  test('a pg_dump that talks without an end is no fault', async () => {
    const { failed } = await capture(await engineWith('pg_dump', `yes warning | head -c 3000000; yes warning | head -c 3000000 >&2`));
    expect(failed).toBe('no error');
  });

  test('a pg_dump that hangs, and whatever it started, is gone two seconds after the capture is cancelled', timed, async () => {
    const begun = path.join(at.folder, 'begun');
    rmSync(begun, { force: true });
    const controller = new AbortController();
    const capturing = capture(
      await engineWith('pg_dump', `trap '' TERM; echo $$ > '${begun}.part'; mv '${begun}.part' '${begun}'; sleep 600 & wait; sleep 600`),
      controller.signal,
    );
    await expect.poll(() => existsSync(begun)).toBe(true);
    const since = performance.now();
    controller.abort();
    const { failed, left } = await capturing;
    expect(performance.now() - since).toBeLessThan(2000);
    expect(isCancelled(failed), String(failed)).toBe(true);
    expect(left).toEqual([]);
    await nothingLeft();
  });

  test.each([
    ['does nothing before the rows', `case "$*" in *section=pre-data*) exit 0;; esac`],
    ['ends with 1 before the rows', `case "$*" in *section=pre-data*) exit 1;; esac`],
  ])('pg_restore that %s fails the restore, and nothing is left', async (_what, script) => {
    const engine = await engineWith('pg_restore', script);
    const target = { location: locationOn(at.server, 'bank'), mode: 'replace' } as const;
    const failed = await withContext((context) => caught(engine.restore(at.taken.snapshot, target, context, () => Promise.resolve())));
    expect(isAppError(failed), String(failed)).toBe(true);
    await nothingLeft();
  });

  test('what pg_restore leaves out and ends with 0 is found by the comparison', async () => {
    const half = `case "$*" in *section=data*|*section=post-data*) exit 0;; esac`;
    const engine = await engineWith('pg_restore', half);
    const target = { location: locationOn(at.server, 'bank'), mode: 'replace' } as const;
    const copy = await withContext((context) => engine.restore(at.taken.snapshot, target, context, () => Promise.resolve()));
    const found = await withContext((context) => engine.fingerprint({ kind: 'copy', copy }, context));
    const kinds = compareFingerprints(at.taken.report.fingerprint, found).map((one) => one.kind);
    for (const kind of ['large object', 'index', 'constraint']) expect(kinds).toContain(kind);
    await withContext((context) => engine.discard(copy, context));
    await nothingLeft();
  });
});
