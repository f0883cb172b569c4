import { describe, expect, test } from 'vitest';
import { barText, plainText, progressView } from '../../../electron/cli/output/progress.ts';

const mebibyte = 1024 * 1024;
const half = { stage: 'reading shop.db', bytesDone: 350 * mebibyte, bytesTotal: 1000 * mebibyte, rate: 120 * mebibyte, remaining: 6000 };

function watched(terminal: boolean, columns = 120) {
  let written = '';
  let now = 0;
  const view = progressView({ isTTY: terminal, columns, write: (text) => ((written += text), true) }, { now: () => 0, monotonic: () => now });
  return { view, wait: (milliseconds: number) => (now += milliseconds), written: () => written };
}

describe('progress', () => {
  test('says what, how much, how fast, how long', () => {
    expect(barText(half)).toBe('reading shop.db  ███████░░░░░░░░░░░░░  35 %  350 MiB of 1000 MiB  120 MiB/s  6.0 s left');
    expect(plainText(half)).toBe('reading shop.db, 35 %, 350 MiB of 1000 MiB, 120 MiB/s, 6.0 s left');
    expect(plainText({ stage: 'fingerprint', rowsDone: 12_000 })).toBe('fingerprint, 12,000 rows');
    expect(plainText({ stage: 'restoring', rowsDone: 5, rowsTotal: 20 })).toBe('restoring, 25 %, 5 rows of 20 rows');
  });

  test('never shows more than a whole, nor divides by nothing', () => {
    expect(barText({ stage: 'x', bytesDone: 30, bytesTotal: 20 })).toContain('100 %');
    expect(barText({ stage: 'x', bytesDone: 0, bytesTotal: 0 })).toBe('x  0 B of 0 B');
  });

  test('on a terminal redraws one line, at most ten times a second, and steps aside', () => {
    const { view, wait, written } = watched(true, 30);
    view.show(half);
    view.show({ ...half, bytesDone: 400 * mebibyte });
    wait(100);
    view.show({ ...half, stage: 'a\nb' });
    view.clear();
    view.clear();
    const lines = written().split('\r').slice(1);
    expect(lines).toHaveLength(3);
    expect(lines[1]).toContain('a\\nb');
    expect(lines[2]).toBe('\u001b[K');
    for (const line of lines) expect([...line.replace('\u001b[K', '')].length).toBeLessThan(30);
  });

  test('in a pipe writes a line for each stage and one every ten seconds, and none for what is done within a second', () => {
    const { view, wait, written } = watched(false);
    view.show(half);
    wait(999);
    view.show({ ...half, stage: 'packing' });
    expect(written()).toBe('');
    for (let second = 0; second < 25; second += 1) {
      wait(1000);
      view.show(half);
    }
    wait(1000);
    view.show({ ...half, stage: 'packing' });
    expect(
      written()
        .split('\n')
        .map((line) => line.split(',')[0]),
    ).toEqual(['reading shop.db', 'reading shop.db', 'reading shop.db', 'packing', '']);
    expect(written()).not.toMatch(/[\r\u001b]/);
  });
});
