import { afterEach, beforeEach, describe } from 'vitest';
import { captureTests } from './engine-capture-tests.ts';
import { lookTests } from './engine-look-tests.ts';
import { restoreTests } from './engine-restore-tests.ts';
import type { EngineSubject } from './engine-subject.ts';
import { verbsOf, type Holder } from './engine-verbs.ts';

/** What the port asks of every engine. Run against a real server. */
export function engineSuite(name: string, makeSubject: () => Promise<EngineSubject>): void {
  describe(`engine ${name}`, () => {
    // Made anew before each test; no test runs without one.
    const at = {} as Holder;
    beforeEach(async () => {
      at.subject = await makeSubject();
    });
    afterEach(async () => {
      await at.subject[Symbol.asyncDispose]();
    });
    const verbs = verbsOf(at);
    captureTests(at, verbs);
    restoreTests(at, verbs);
    lookTests(at, verbs);
  });
}
