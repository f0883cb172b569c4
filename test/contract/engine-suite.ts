import { afterEach, beforeEach, describe } from 'vitest';
import { captureTests } from './engine-capture-tests.ts';
import { coreTests } from './engine-core-tests.ts';
import { importTests } from './engine-import-tests.ts';
import { lookTests } from './engine-look-tests.ts';
import { restoreTests } from './engine-restore-tests.ts';
import type { EngineSubject } from './engine-subject.ts';
import { verbsOf, type Holder, type Traits, type Verbs } from './engine-verbs.ts';

/** What the port asks of every engine. Run against a real server. `traits` are what its capabilities must say. */
export function engineSuite(name: string, traits: Traits, makeSubject: () => Promise<EngineSubject>): void {
  withSubject(`engine ${name}`, makeSubject, (at, verbs) => {
    coreTests(at, verbs, traits);
    captureTests(at, verbs);
    restoreTests(at, verbs, traits);
    lookTests(at, verbs, traits);
    if (traits.imports) importTests(at, verbs);
  });
}

/** The loop of the port alone, where the server stands in another place than the one that the whole suite is run against. */
export function engineCore(name: string, traits: Traits, makeSubject: () => Promise<EngineSubject>): void {
  withSubject(`core of the engine ${name}`, makeSubject, (at, verbs) => coreTests(at, verbs, traits));
}

function withSubject(name: string, makeSubject: () => Promise<EngineSubject>, tests: (at: Holder, verbs: Verbs) => void): void {
  describe(name, () => {
    // Made anew before each test; no test runs without one.
    const at = {} as Holder;
    beforeEach(async () => {
      at.subject = await makeSubject();
    });
    afterEach(async () => {
      await at.subject[Symbol.asyncDispose]();
    });
    tests(at, verbsOf(at));
  });
}
