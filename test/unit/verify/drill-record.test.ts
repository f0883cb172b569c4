import { describe, expect, test } from 'vitest';
import type { Drill } from '../../../electron/contract/drills.ts';
import type { Verification } from '../../../electron/contract/model.ts';
import type { RecordedFact } from '../../../electron/core/repository/repository.ts';
import { drillFact, drillNamed, drillsOf, remarkFactOf, resultOf, shortened } from '../../../electron/core/verify/drill-record.ts';
import { drillMarkdown } from '../../../electron/core/verify/drill-report.ts';

const drill: Drill = {
  id: 'd-01020304',
  at: Date.UTC(2026, 10, 21, 9, 30),
  by: 'ada',
  source: 'shop',
  engine: 'sqlite',
  snapshot: { id: 'a'.repeat(32), seq: 12, createdAt: Date.UTC(2026, 10, 20), name: 'nightly' },
  result: 'proved',
  statement: 'Restored and found equal: 3 items, 40 rows.',
  steps: [{ name: 'restored', result: 'passed', statement: 'Restored and found equal.', durationMs: 61_500 }],
  recoveryMs: 61_500,
  items: 3,
  rows: 40,
  differences: [],
  checks: [],
  machine: { system: 'linux 6 x64', belay: '0.1.0' },
  notes: [],
  blockers: [],
};
const at = (fact: RecordedFact['fact']): RecordedFact => ({ at: 0, fact });
const said = (text: string) => ({ at: 1, by: 'bob', text });
const outcome = (level: Verification['level'], result: Verification['result']): Verification => ({
  level,
  result,
  statement: `${level} ${result}`,
  differences: [],
  checks: [],
  warnings: [],
  items: 0,
  rows: 0,
  durationMs: 1,
});

describe('the record of drills', () => {
  test('comes back as it was written, with what was said since, in the order of the journal', () => {
    const facts = [
      at(remarkFactOf('d-01020304', { notes: [said('too early: of nothing')], blockers: [] })),
      at(drillFact(drill)),
      at({ kind: 'operation', what: 'collect', details: {} }),
      at(remarkFactOf('d-01020304', { notes: [said('one')], blockers: [said('stuck')] })),
      at(drillFact({ ...drill, id: 'd-05' })),
      at(remarkFactOf('d-01020304', { notes: [said('two')], blockers: [] })),
      at({ kind: 'operation', what: 'drill', details: { id: 'of a later version' } }),
    ];
    expect(drillsOf(facts)).toEqual([
      { ...drill, notes: [said('one'), said('two')], blockers: [said('stuck')] },
      { ...drill, id: 'd-05' },
    ]);
  });

  test('is named by id, by its beginning, or as the latest', () => {
    const drills = [drill, { ...drill, id: 'd-0102ffff' }];
    expect(drillNamed(drills, 'latest').id).toBe('d-0102ffff');
    expect(drillNamed(drills, 'd-01020').id).toBe('d-01020304');
    expect(() => drillNamed(drills, 'd-0102')).toThrow(expect.objectContaining({ code: 'input.ambiguous' }));
    expect(() => drillNamed([], 'latest')).toThrow(expect.objectContaining({ code: 'drill.unknown' }));
  });

  test('has four results, and passes only what was restored and found equal', () => {
    expect(resultOf([], undefined).result).toBe('not-run');
    expect(resultOf([], outcome('proved', 'passed')).result).toBe('proved');
    expect(resultOf([], outcome('proved', 'inconclusive')).result).toBe('inconclusive');
    expect(resultOf([], outcome('proved', 'failed')).result).toBe('failed');
    expect(resultOf([], outcome('intact', 'failed')).result).toBe('failed');
    expect(resultOf([], outcome('complete', 'passed')).result).toBe('failed');
  });
});

describe('the page of a drill', () => {
  test('tells result, time, snapshot, steps, and what people said', () => {
    const page = drillMarkdown({
      ...drill,
      targetMs: 14_400_000,
      warnings: ['where it lies was not compared'],
      notes: [said('fine')],
      blockers: [said('no key at hand')],
    });
    for (const part of [
      '# Restore drill d-01020304: shop',
      '**Result: proved.**',
      '2026-11-21 09:30:00 UTC',
      '1 min 2 s',
      '4 h 0 min',
      '"nightly"',
      '- where it lies was not compared',
      'bob: fine',
      'bob: no key at hand',
      'Sign-off',
    ])
      expect(page).toContain(part);
  });

  test('takes nothing that a database says for markup', () => {
    const page = drillMarkdown({
      ...drill,
      source: 'a|b',
      statement: '**x** [l](http://e) <img>\n# head',
      differences: [{ name: 't', kind: 'table', what: 'content', statement: 'row `1` | 2' }],
    });
    expect(page).not.toMatch(/<img>|^# head|\[l\]\(/m);
    expect(page).toContain('a\\|b');
    for (const line of page.split('\n').filter((one) => one.startsWith('| Source'))) expect(line.replaceAll('\\|', '').split('|')).toHaveLength(4);
  });
});

test('texts of any length, as definitions are, make no record that is too long for the journal', () => {
  const long = 'x😀'.repeat(400_000);
  const difference = { name: long, kind: 'function', what: 'definition' as const, statement: long, expected: long, found: long };
  const check = { name: long, kind: 'query', result: 'failed' as const, statement: long, durationMs: 1 };
  const made = shortened({
    ...drill,
    statement: long,
    differences: Array.from({ length: 20 }, () => difference),
    checks: Array.from({ length: 100 }, () => check),
    warnings: Array.from({ length: 20 }, () => long),
  });
  expect(Buffer.byteLength(JSON.stringify(drillFact(made)))).toBeLessThan(1 << 20);
  expect(made.differences).toHaveLength(20);
  expect(made.differences[0]?.found).toMatch(/^x😀.*😀…$|^x😀.*x…$/u);
  expect(shortened(drill)).toEqual(drill);
});
