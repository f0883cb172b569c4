import { writeFileSync } from 'node:fs';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';
import type { Outcome } from './tally.mjs';

/**
 * Writes every test's outcome as one JSON document to the file that `BELAY_TEST_REPORT` names, once the run has ended.
 * A file that could not be loaded, a hook that failed and an error outside of any test each count as one failure.
 */
export default class OutcomeReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const file = process.env['BELAY_TEST_REPORT'];
    if (file === undefined) throw new Error('BELAY_TEST_REPORT names no file.');
    const outcomes: Outcome[] = [];
    for (const module of modules) {
      for (const error of module.errors()) outcomes.push({ name: module.relativeModuleId, state: 'failed', note: firstLine(error.message) });
      for (const suite of module.children.allSuites()) {
        for (const error of suite.errors())
          outcomes.push({ name: `${module.relativeModuleId} > ${suite.fullName}`, state: 'failed', note: firstLine(error.message) });
      }
      for (const test of module.children.allTests()) {
        const name = `${module.relativeModuleId} > ${test.fullName}`;
        const result = test.result();
        if (result.state === 'passed') outcomes.push({ name, state: 'passed' });
        else if (result.state === 'skipped') outcomes.push({ name, state: 'skipped', note: result.note ?? 'what its condition asks for is not there' });
        else outcomes.push({ name, state: 'failed', note: firstLine(result.errors?.[0]?.message ?? 'it did not end') });
      }
    }
    for (const error of unhandled) outcomes.push({ name: 'outside of any test', state: 'failed', note: firstLine(error.message) });
    writeFileSync(file, JSON.stringify(outcomes));
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
