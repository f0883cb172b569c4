import { describe, expect, it } from 'vitest';
import { sawNothing } from '../../../tools/test/checks.mjs';
import { countTestFiles, lanes, strayTests } from '../../../tools/test/lanes.mjs';
import { count, exitCode, summary } from '../../../tools/test/tally.mjs';
import type { Outcome, Section } from '../../../tools/test/tally.mjs';
import { plantTree } from './tree.ts';

const section = (name: string, ...outcomes: Outcome[]): Section => ({ name, seconds: 1.25, outcomes });
const passed: Outcome = { name: 'a', state: 'passed' };
const failed: Outcome = { name: 'b', state: 'failed', note: 'it broke' };
const skipped: Outcome = { name: 'c', state: 'skipped', note: 'needs root' };

describe('the closing lines of npm test', () => {
  it('end with the figures, and name what failed and what was skipped with the reason', () => {
    const lines = summary([section('types', passed), section('unit', passed, failed, skipped)]);
    expect(lines.at(-1)).toBe('2 passed, 1 failed, 1 skipped');
    expect(lines).toContain('  unit: c: needs root');
    expect(lines).toContain('  unit: b: it broke');
    expect(lines).toContain('  types            1.3 s  1 passed');
    expect(lines).toContain('  unit             1.3 s  1 passed, 1 FAILED, 1 SKIPPED');
  });

  it('say nothing of failures and skips where there are none', () => {
    expect(summary([section('types', passed)]).join('\n')).not.toMatch(/FAILED|SKIPPED/);
  });

  it('count over all parts', () => {
    expect(count([section('x', passed, skipped), section('y', failed, passed)])).toEqual({ passed: 2, failed: 1, skipped: 1 });
  });
});

describe('the exit code of npm test', () => {
  it('is 0 where something passed and nothing failed', () => {
    expect(exitCode([section('unit', passed, skipped)])).toBe(0);
  });

  it('is 1 where anything failed', () => {
    expect(exitCode([section('unit', passed), section('e2e', failed)])).toBe(1);
  });

  it('is 1 where nothing ran', () => {
    expect(exitCode([])).toBe(1);
    expect(exitCode([section('unit')])).toBe(1);
    expect(exitCode([section('unit', skipped)])).toBe(1);
  });
});

describe('a part that saw nothing', () => {
  it('is told by the number of files that it printed', () => {
    const step = { script: 'a', args: [], saw: /on (\d+) files?/ };
    expect(sawNothing(step, 'Finished in 3ms on 12 files using 2 threads.')).toBeUndefined();
    expect(sawNothing(step, 'Finished in 3ms on 0 files using 2 threads.')).toBe('a read no file');
    expect(sawNothing(step, '')).toBe('a read no file');
  });

  it('is told for a lane by its test files', () => {
    using tree = plantTree({ 'test/unit/deep/a.test.ts': '', 'test/unit/b.test.ts': '', 'test/unit/helper.ts': '', 'test/e2e/helper.ts': '' });
    expect(lanes.map((lane) => [lane.name, countTestFiles(tree.root, lane.name)])).toEqual([
      ['unit', 2],
      ['contract', 0],
      ['engines', 0],
      ['compat', 0],
      ['e2e', 0],
      ['window', 0],
      ['electron', 0],
      ['faults', 0],
    ]);
    expect(strayTests(tree.root)).toEqual([]);
    tree.plant({ 'test/lost/a.test.ts': '', 'test/unit/a.spec.mjs': '' });
    expect(strayTests(tree.root)).toEqual(['test/lost/a.test.ts']);
  });
});
