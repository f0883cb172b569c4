import { expect, test } from 'vitest';
import type { JournalEntry } from '../../../electron/contract/model.ts';
import { aboutOf, byOf, entryWords, found, told, tookOf } from '../../../renderer/features/journal/entries.ts';

const entry = (seq: number, result: JournalEntry['result'], details: JournalEntry['details'], what = 'snapshot.create'): JournalEntry => ({
  seq,
  at: seq,
  what,
  result,
  details,
  hash: '',
});

const all = told([
  entry(4, 'failed', { job: 'j1', durationMs: 90, error: { code: 'source.missing', message: 'It is gone.' } }),
  entry(3, 'started', { job: 'j1', title: 'snapshot of shop', client: 'command 2', source: 'shop' }),
  entry(2, 'done', { client: 'window 1', snapshot: '0684eb376997f56edf40de9d62ec2c90', reason: 'release' }, 'snapshot.pin'),
  entry(1, 'noted', {}, 'host.opened'),
]);

test('the end of a job is told with what its beginning says, and why it failed', () => {
  expect(all.map(aboutOf)).toEqual(['Snapshot of shop · It is gone.', 'Snapshot of shop', '0684eb37', '']);
  expect(all.map(byOf)).toEqual(['command 2', 'command 2', 'window 1', '']);
  expect(all.map(tookOf)).toEqual([90, undefined, undefined, undefined]);
});

test('entries are found by what they are, by their facts and by those of their job', () => {
  const words = new Map(all.map((one) => [one.entry.seq, entryWords(one)]));
  const seqs = (text: string, failed = false) => found(all, words, { text, failed }).map((one) => one.entry.seq);
  expect(seqs('')).toEqual([4, 3, 2, 1]);
  expect(seqs('SHOP')).toEqual([4, 3]);
  expect(seqs('pin release')).toEqual([2]);
  expect(seqs('', true)).toEqual([4]);
});
