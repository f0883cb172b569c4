import { expect, test } from 'vitest';
import { work } from '../sweep/damage/crew.ts';
import type { CrewAnswer } from '../sweep/damage/crew.ts';
import { makeSpecimen, specimenText } from '../sweep/damage/specimen.ts';

/** A sample of the part `damage` of `npm run test:faults`. */
const seed = Number(process.env['BELAY_FAULT_SEED'] ?? 20_261_120);
const SHARE = 0.0008;

test(`a repository that is damaged at any place says so, and gives back nothing wrong (seed ${seed})`, async () => {
  const specimen = specimenText(await makeSpecimen('none'));
  const answers: CrewAnswer[] = [];
  await work(
    { specimen, strangers: {}, seed, share: SHARE, done: new Set(), number: 0, of: 1 },
    (answer) => answers.push(answer),
    () => false,
  );
  expect(answers.length).toBeGreaterThan(30);
  expect(answers.filter(({ lost }) => lost !== undefined)).toEqual([]);
});
