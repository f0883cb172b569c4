import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ProofFact, ProofLevel } from '../../../electron/core/repository/repository.ts';
import { proofLevels, proofState } from '../../../electron/core/verify/state.ts';

const fact = (level: ProofLevel, result: ProofFact['result'], at: number): ProofFact => ({ level, result, at, evidence: {} });
const state = (proofs: readonly ProofFact[]) => proofState({ createdAt: 1, capture: { endProofs: [] }, proofs });

describe('what is known of a snapshot', () => {
  test('a fresh one is captured, and nothing more is implied', () => {
    const found = state([]);
    expect(found.highest).toBe('captured');
    expect(found.levels.map((one) => one.result)).toEqual(['passed', 'not-run', 'not-run', 'not-run']);
    expect(found.failing).toBe(false);
  });

  test('a proved drill does not fill in the levels below it', () => {
    const found = state([fact('proved', 'passed', 5)]);
    expect(found.highest).toBe('proved');
    expect(found.levels.find((one) => one.level === 'intact')?.result).toBe('not-run');
  });

  test('a later failure below takes the level away', () => {
    const found = state([fact('intact', 'passed', 2), fact('complete', 'passed', 3), fact('proved', 'passed', 4), fact('intact', 'failed', 5)]);
    expect(found.highest).toBe('captured');
    expect(found.failing).toBe(true);
  });

  test('a failure that was made good since does not', () => {
    const found = state([fact('intact', 'failed', 2), fact('intact', 'passed', 3), fact('complete', 'passed', 4), fact('proved', 'passed', 5)]);
    expect(found.highest).toBe('proved');
    expect(found.failing).toBe(false);
  });

  test('an inconclusive drill proves nothing, and takes back what an older one proved', () => {
    expect(state([fact('proved', 'inconclusive', 2)]).highest).toBe('captured');
    expect(state([fact('intact', 'passed', 1), fact('proved', 'passed', 2), fact('proved', 'inconclusive', 3)]).highest).toBe('intact');
  });

  test('whatever the history, the highest level has a newest run that passed, with no newer failure at or below it', () => {
    const facts = fc.array(
      fc.record({ level: fc.constantFrom(...proofLevels), result: fc.constantFrom('passed' as const, 'failed' as const, 'inconclusive' as const) }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(facts, (history) => {
        const proofs = history.map((one, at) => fact(one.level, one.result, at));
        const found = state(proofs);
        const own = proofs.findLastIndex((one) => one.level === found.highest);
        if (found.highest !== 'captured') expect(proofs[own]?.result).toBe('passed');
        const below = proofLevels.slice(0, proofLevels.indexOf(found.highest) + 1);
        if (found.highest !== 'captured') {
          expect(
            proofs
              .slice(own)
              .some((one) => below.includes(one.level) && one.result === 'failed' && proofs.findLast((other) => other.level === one.level) === one),
          ).toBe(false);
        }
        expect(found.failing).toBe(proofLevels.some((level) => proofs.findLast((one) => one.level === level)?.result === 'failed'));
      }),
    );
  });
});
