import { afterEach, beforeEach, describe } from 'vitest';
import { captureTests } from './engine-capture-tests.ts';
import { importTests } from './engine-import-tests.ts';
import { lookTests } from './engine-look-tests.ts';
import { restoreTests } from './engine-restore-tests.ts';
import type { EngineSubject } from './engine-subject.ts';
import { verbsOf, type Holder, type Traits } from './engine-verbs.ts';

/** What the port asks of every engine. Run against a real server. `traits` are what its capabilities must say. */
export function engineSuite(name: string, traits: Traits, makeSubject: () => Promise<EngineSubject>): void {
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
    restoreTests(at, verbs, traits);
    lookTests(at, verbs, traits);
    if (traits.imports) importTests(at, verbs);
  });
}
