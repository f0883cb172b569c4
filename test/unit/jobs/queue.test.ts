import { expect, test } from 'vitest';
import type { Job } from '../../../electron/contract/model.ts';
import { AppError, CancelledError } from '../../../electron/core/base/errors.ts';
import { openJournal } from '../../../electron/core/jobs/journal.ts';
import { pastJobs } from '../../../electron/core/jobs/past.ts';
import { createQueue } from '../../../electron/core/jobs/queue.ts';
import type { JobQueue, JobTask } from '../../../electron/core/jobs/queue.ts';
import { temporaryFolder, world } from '../../helpers/world.ts';

async function setup() {
  const folder = await temporaryFolder();
  const here = world();
  const journal = await openJournal(folder.path, here);
  const queue = createQueue({ ...here, journal });
  const changes: Job[] = [];
  queue.onChanged((job) => changes.push(job));
  return {
    ...here,
    journal,
    queue,
    changes,
    folder,
    async [Symbol.asyncDispose]() {
      await queue.close();
      await journal.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const spec = { command: 'test.work', title: 'work', client: 'c1' };

/** Work that stands still until it is told to go on, or is cancelled and then cleans up for as long as `cleaning` takes. */
function heldWork(cleaning: Promise<void> = Promise.resolve()) {
  const started = Promise.withResolvers<JobTask>();
  const release = Promise.withResolvers<string>();
  const work = async (task: JobTask): Promise<string> => {
    started.resolve(task);
    const cancelled = new Promise<never>((_, reject) => {
      task.signal.addEventListener('abort', () => void cleaning.then(() => reject(new CancelledError())));
    });
    return Promise.race([release.promise, cancelled]);
  };
  return { work, started: started.promise, release: release.resolve };
}

const states = (queue: JobQueue) => queue.list().map((job) => [job.title, job.state]);

test('a job runs, resolves with its result, and stands in the journal from start to end', async () => {
  await using at = await setup();
  const result = await at.queue.run(
    { ...spec, details: { source: 'shop' } },
    () => Promise.resolve(42),
    (value) => ({ value }),
  );
  expect(result).toBe(42);
  expect(at.changes.map((job) => job.state)).toEqual(['waiting', 'running', 'done']);
  const { entries } = await at.journal.list({ limit: 5 });
  expect(entries.map((entry) => [entry.what, entry.result])).toEqual([
    ['test.work', 'done'],
    ['test.work', 'started'],
  ]);
  expect(entries[1]?.details).toMatchObject({ source: 'shop', client: 'c1', title: 'work' });
  expect(entries[0]?.details).toMatchObject({ value: 42, job: entries[1]?.details['job'] });
});

test('a job that the journal is not told of runs as any other, and leaves no line, done or failed', async () => {
  await using at = await setup();
  expect(await at.queue.run({ ...spec, journalled: false }, () => Promise.resolve(42))).toBe(42);
  await expect(at.queue.run({ ...spec, journalled: false }, () => Promise.reject(new AppError('target.no-space', 'No room.')))).rejects.toThrow('No room.');
  expect(at.queue.list({ all: true }).map((job) => job.state)).toEqual(['failed', 'done']);
  expect((await at.journal.list({ limit: 5 })).entries).toEqual([]);
});

test('a failure keeps its error and is journalled', async () => {
  await using at = await setup();
  const failure = new AppError('target.no-space', 'No room.');
  await expect(at.queue.run(spec, () => Promise.reject(failure))).rejects.toBe(failure);
  expect(at.queue.list({ all: true })[0]).toMatchObject({ state: 'failed', error: { code: 'target.no-space' } });
  expect((await at.journal.list({ limit: 1 })).entries[0]).toMatchObject({ result: 'failed', details: { error: { code: 'target.no-space' } } });
});

test('jobs that need the same thing run one after the other, in order; others run at once', async () => {
  await using at = await setup();
  const [first, second, third, other, free] = [heldWork(), heldWork(), heldWork(), heldWork(), heldWork()];
  const runs = [
    at.queue.run({ ...spec, title: 'first', exclusive: ['repository-write'] }, first.work),
    at.queue.run({ ...spec, title: 'second', exclusive: ['repository-write', 'target:a'] }, second.work),
    at.queue.run({ ...spec, title: 'third', exclusive: ['target:a'] }, third.work),
    at.queue.run({ ...spec, title: 'other', exclusive: ['target:b'] }, other.work),
    at.queue.run({ ...spec, title: 'free' }, free.work),
  ];
  await Promise.all([first.started, other.started, free.started]);
  expect(states(at.queue)).toEqual([
    ['free', 'running'],
    ['other', 'running'],
    ['third', 'waiting'],
    ['second', 'waiting'],
    ['first', 'running'],
  ]);
  first.release('1');
  await second.started;
  expect(states(at.queue)).toContainEqual(['third', 'waiting']);
  second.release('2');
  await third.started;
  for (const one of [third, other, free]) one.release('x');
  await Promise.all(runs);
  expect(at.queue.active()).toBe(0);
});

test('cancel resolves only when the work has cleaned up', async () => {
  await using at = await setup();
  const cleaning = Promise.withResolvers<void>();
  const held = heldWork(cleaning.promise);
  const run = at.queue.run(spec, held.work);
  const { id } = await held.started;
  let ended = false;
  const cancelled = at.queue.cancel(id).then((job) => {
    ended = true;
    return job;
  });
  await at.journal.append({ what: 'meanwhile', result: 'noted' });
  expect(ended).toBe(false);
  expect(at.queue.list()[0]?.state).toBe('running');
  cleaning.resolve();
  await expect(run).rejects.toBeInstanceOf(CancelledError);
  expect((await cancelled).state).toBe('cancelled');
  expect((await at.journal.list({ limit: 1 })).entries[0]).toMatchObject({ what: 'test.work', result: 'cancelled' });
});

test('a waiting job that is cancelled never starts, and the next one moves up', async () => {
  await using at = await setup();
  const [first, third] = [heldWork(), heldWork()];
  let secondRan = false;
  const one = at.queue.run({ ...spec, exclusive: ['repository-write'] }, first.work);
  await first.started;
  const abort = new AbortController();
  const two = at.queue.run({ ...spec, exclusive: ['repository-write', 'target:a'], signal: abort.signal }, () => {
    secondRan = true;
    return Promise.resolve('2');
  });
  const three = at.queue.run({ ...spec, exclusive: ['target:a'] }, third.work);
  expect(at.queue.list().map((job) => job.state)).toEqual(['waiting', 'waiting', 'running']);
  abort.abort();
  await expect(two).rejects.toBeInstanceOf(CancelledError);
  await third.started;
  third.release('3');
  first.release('1');
  await Promise.all([one, three]);
  expect(secondRan).toBe(false);
});

test('a signal that is aborted already runs nothing', async () => {
  await using at = await setup();
  let ran = false;
  const run = at.queue.run({ ...spec, signal: AbortSignal.abort() }, () => {
    ran = true;
    return Promise.resolve();
  });
  await expect(run).rejects.toBeInstanceOf(CancelledError);
  expect(ran).toBe(false);
  expect(at.queue.active()).toBe(0);
});

test('work that fails for another reason while it is cancelled is failed, not cancelled', async () => {
  await using at = await setup();
  const failure = new AppError('repository.io', 'The temporary file could not be removed.');
  const started = Promise.withResolvers<string>();
  const run = at.queue.run(spec, (task) => {
    started.resolve(task.id);
    return new Promise<never>((_, reject) => {
      task.signal.addEventListener('abort', () => reject(failure));
    });
  });
  const ended = at.queue.cancel(await started.promise);
  await expect(run).rejects.toBe(failure);
  expect((await ended).state).toBe('failed');
});

test('cancel of an unknown job says so; of an ended one returns it', async () => {
  await using at = await setup();
  await expect(at.queue.cancel('j0')).rejects.toMatchObject({ code: 'job.unknown' });
  await at.queue.run(spec, () => Promise.resolve());
  const [job] = at.queue.list({ all: true });
  expect((await at.queue.cancel(job?.id ?? '')).state).toBe('done');
});

test('close cancels all, waits for their cleaning, and refuses new jobs', async () => {
  await using at = await setup();
  const held = heldWork();
  const waiting = heldWork();
  const runs = Promise.allSettled([
    at.queue.run({ ...spec, exclusive: ['repository-write'] }, held.work),
    at.queue.run({ ...spec, exclusive: ['repository-write'] }, waiting.work),
  ]);
  await held.started;
  await at.queue.close();
  expect(at.queue.active()).toBe(0);
  expect((await runs).map((one) => one.status)).toEqual(['rejected', 'rejected']);
  await expect(at.queue.run(spec, () => Promise.resolve())).rejects.toMatchObject({ code: 'transport.closed' });
});

test('progress carries rate and remaining, at most ten times a second, and the last one is not lost', async () => {
  await using at = await setup();
  const seen: unknown[] = [];
  await at.queue.run({ ...spec, onProgress: (progress) => seen.push(progress) }, (task) => {
    for (let step = 1; step <= 100; step += 1) {
      at.clock.advance(20);
      task.progress({ stage: 'reading', bytesDone: step * 1000, bytesTotal: 200_000 });
    }
    return Promise.resolve();
  });
  expect(seen.length).toBeGreaterThanOrEqual(20);
  expect(seen.length).toBeLessThanOrEqual(22);
  expect(seen.at(-1)).toEqual({ stage: 'reading', bytesDone: 100_000, bytesTotal: 200_000, rate: 50_000, remaining: 2000 });
  expect(at.changes.filter((job) => job.progress !== undefined && job.state === 'running')).toHaveLength(seen.length);
});

test('a rate is of the last seconds, and begins anew with each stage', async () => {
  await using at = await setup();
  await at.queue.run(spec, (task) => {
    for (let second = 1; second <= 10; second += 1) {
      at.clock.advance(1000);
      task.progress({ stage: 'reading', bytesDone: second * 1_000_000 });
    }
    for (let second = 1; second <= 10; second += 1) {
      at.clock.advance(1000);
      task.progress({ stage: 'reading', bytesDone: 10_000_000 + second * 1000 });
    }
    expect(at.queue.list()[0]?.progress?.rate).toBe(1000);
    at.clock.advance(1000);
    task.progress({ stage: 'checking', bytesDone: 5 });
    expect(at.queue.list()[0]?.progress).toEqual({ stage: 'checking', bytesDone: 5 });
    return Promise.resolve();
  });
});

test('a listener that throws changes nothing', async () => {
  await using at = await setup();
  at.queue.onChanged(() => {
    throw new Error('listener');
  });
  const options = {
    ...spec,
    onProgress: () => {
      throw new Error('watcher');
    },
    onJob: () => {
      throw new Error('watcher');
    },
  };
  await expect(at.queue.run(options, (task) => Promise.resolve(task.progress({ stage: 'x' })))).resolves.toBeUndefined();
});

test('jobs that ran when a host died are interrupted after the restart, once, and stay in the history', async () => {
  await using folder = await temporaryFolder();
  const here = world();
  const dying = await openJournal(folder.path, here);
  const before = createQueue({ ...here, journal: dying }, await pastJobs(dying));
  await before.run({ ...spec, title: 'whole' }, () => Promise.resolve());
  const held = heldWork();
  void before.run({ ...spec, title: 'lost' }, held.work).catch(() => undefined);
  await held.started;
  await dying.close();

  for (const round of [1, 2]) {
    const journal = await openJournal(folder.path, here);
    const queue = createQueue({ ...here, journal }, await pastJobs(journal));
    expect(queue.list().map((job) => [job.title, job.state])).toEqual([['lost', 'interrupted']]);
    expect(queue.list({ all: true }).map((job) => [job.title, job.state])).toEqual([
      ['lost', 'interrupted'],
      ['whole', 'done'],
    ]);
    const noted = (await journal.list({ limit: 100 })).entries.filter((entry) => entry.details['interrupted'] === true);
    expect([round, noted.length]).toEqual([round, 1]);
    await journal.close();
  }
  here.clock.advance(2 * 86_400_000);
  const journal = await openJournal(folder.path, here);
  expect(createQueue({ ...here, journal }, await pastJobs(journal)).list()).toEqual([]);
  await journal.close();
});

test('a host that did nothing leaves no entry behind the one of the host before', async () => {
  await using folder = await temporaryFolder();
  const here = world();
  for (const expected of [['host.opened'], ['host.opened']]) {
    const journal = await openJournal(folder.path, here);
    await pastJobs(journal);
    expect((await journal.list({ limit: 10 })).entries.map((entry) => entry.what)).toEqual(expected);
    await journal.close();
  }
  const journal = await openJournal(folder.path, here);
  await createQueue({ ...here, journal }).run(spec, () => Promise.resolve());
  await pastJobs(journal);
  expect((await journal.list({ limit: 1 })).entries[0]?.what).toBe('host.opened');
  await journal.close();
});

test('a job that is lost behind hundreds of later ones of the same host is found', async () => {
  await using folder = await temporaryFolder();
  const here = world();
  const dying = await openJournal(folder.path, here);
  const before = createQueue({ ...here, journal: dying }, await pastJobs(dying));
  const held = heldWork();
  void before.run({ ...spec, title: 'lost' }, held.work).catch(() => undefined);
  await held.started;
  await Promise.all(Array.from({ length: 250 }, () => before.run(spec, () => Promise.resolve())));
  await dying.close();
  const journal = await openJournal(folder.path, here);
  await pastJobs(journal);
  expect((await journal.list({ limit: 1000 })).entries.filter((entry) => entry.details['interrupted'] === true)).toHaveLength(1);
  await journal.close();
});
