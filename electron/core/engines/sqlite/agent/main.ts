import { AppError, CancelledError } from '../../../base/errors.ts';
import { systemClock } from '../../../base/system.ts';
import { serveAgent } from '../../../process/agent-server.ts';
import { browsePage, queryPage } from './browse.ts';
import { fileFacts, inventoryOf, selfChecks } from './checks.ts';
import { targetError } from '../../../base/target-error.ts';
import { assertLibrary, wrapSqlite } from './connection.ts';
import { estimateRows } from './estimate.ts';
import { explainTables } from './explain.ts';
import { rowDiff } from './row-diff.ts';
import { fingerprintFiles } from './fingerprint.ts';
import type { Turn } from './hash-table.ts';
import { closeFiles, holdAgain, holdAll, openFiles, release, type OpenFile } from './hold.ts';
import { copyOut, exclusiveIsFree, overwriteDatabase, settleFile } from './overwrite.ts';
import { putBack } from './put-back.ts';
import { replaceContents } from './replace.ts';
import type { SqliteCalls } from './protocol.ts';

/**
 * The SQLite agent: a process of its own that opens databases which are not trusted, so that what they can do to a library
 * cannot be done to the host, and so that POSIX locks, which belong to a process, are held by one that opens these files once.
 */

const sets = new Map<string, readonly OpenFile[]>();

function setNamed(name: string): readonly OpenFile[] {
  const found = sets.get(name);
  if (found === undefined) throw new AppError('bug', `no open set ${name}`);
  return found;
}

/** Longest stretch of work between two looks at the channel. */
const sliceMs = 15;
const reportMs = 100;

/** Lets messages in between slices of work, and reports rows; `of`: about how many there are. */
function turns(progress: (value: unknown) => void, of?: number): Turn {
  let since = systemClock.monotonic();
  let reported = since;
  let rows = 0;
  return (more) => {
    if (!process.connected) throw new CancelledError();
    rows += more;
    const now = systemClock.monotonic();
    if (now - since < sliceMs) return undefined;
    if (now - reported > reportMs) {
      reported = now;
      progress(of === undefined ? { rows } : { rows, of });
    }
    return new Promise((resolve) => {
      setImmediate(() => {
        void letThrough.then(() => {
          since = systemClock.monotonic();
          resolve();
        });
      });
    });
  };
}

/** Pending while writers are let in: nothing may be read meanwhile. */
let letThrough = Promise.resolve();

/** What the file system answers to writing into a live database, under the codes of a restore target. */
async function atTarget<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw targetError(path, wrapSqlite(error));
  }
}

async function renew(set: string, gapMs: number, busyMs: number): Promise<boolean> {
  const files = setNamed(set);
  const versions = release(files);
  await new Promise((resolve) => setTimeout(resolve, gapMs));
  for (const file of files) file.db.pragma(`busy_timeout = ${busyMs}`);
  return holdAgain(files, versions);
}

serveAgent<SqliteCalls>(
  {
    hello: () => ({ sqlite: assertLibrary() }),
    open: ({ set, files, busyMs, hold }) => {
      assertLibrary();
      const open = openFiles(files, busyMs);
      try {
        const views = hold ? holdAll(open, busyMs) : [];
        sets.set(set, open);
        return { views };
      } catch (error) {
        closeFiles(open);
        throw error;
      }
    },
    renew: async ({ set, gapMs, busyMs }) => {
      const renewing = renew(set, gapMs, busyMs);
      letThrough = renewing.then(
        () => undefined,
        () => undefined,
      );
      return { unchanged: await renewing };
    },
    stillHeld: ({ set }) => ({ held: setNamed(set).every((file) => file.db.inTransaction) }),
    close: ({ set }) => {
      closeFiles(setNamed(set));
      sets.delete(set);
      return null;
    },
    facts: ({ set }) => ({ files: fileFacts(setNamed(set)) }),
    inventory: ({ set }) => ({ items: inventoryOf(setNamed(set)) }),
    fingerprint: async ({ set }, progress) => {
      const warnings: string[] = [];
      const files = setNamed(set);
      const of = estimateRows(files.map((file) => file.db));
      const fingerprint = await fingerprintFiles(files, turns(progress, of), (statement) => warnings.push(statement));
      return { fingerprint, warnings };
    },
    selfCheck: ({ set }) => ({ checks: selfChecks(setNamed(set)) }),
    browse: ({ set, object, offset, limit, orderBy }) => ({ page: browsePage(setNamed(set), object, offset, limit, orderBy) }),
    query: ({ set, sql }) => ({ page: queryPage(setNamed(set), sql) }),
    rowDiff: async ({ before, after, ...request }, progress) => ({
      diff: await rowDiff(setNamed(before), setNamed(after), request, turns(progress)),
    }),
    explain: async ({ expected, found, tables, limit }, progress) => ({
      differences: await explainTables(setNamed(expected), setNamed(found), tables, limit, turns(progress)),
    }),
    overwrite: ({ from, to, busyMs }, progress) =>
      atTarget(to, async () => ({ pages: await overwriteDatabase(from, to, busyMs, (bytes, of) => progress({ bytes, of })) })),
    replace: ({ files, busyMs }, progress) =>
      atTarget(files[0]?.to ?? '', async () => ({ pages: await replaceContents(files, busyMs, (bytes, of) => progress({ bytes, of })) })),
    putBack: ({ files, begun, busyMs }, progress) =>
      atTarget(files[0]?.to ?? '', async () => ({ pages: await putBack(files, begun, busyMs, turns(progress), (bytes, of) => progress({ bytes, of })) })),
    copyOut: async ({ set, name, to }) => {
      const file = setNamed(set).find((one) => one.name === name);
      if (file === undefined) throw new AppError('bug', `no file ${name} in ${set}`);
      return { pages: await copyOut(file.db, to) };
    },
    settle: ({ path, busyMs }) => atTarget(path, () => ({ journal: settleFile(path, busyMs) })),
    tryExclusive: ({ path }) => ({ free: exclusiveIsFree(path) }),
  },
  wrapSqlite,
  () => {
    for (const files of sets.values()) closeFiles(files);
  },
);
