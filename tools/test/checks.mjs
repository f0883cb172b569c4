// Plain Node >= 20, no dependency.
import { join } from 'node:path';

/**
 * A check of the source itself. It passes where every step exits with 0 and has seen at least one file.
 * @typedef {object} Check
 * @property {string} name
 * @property {readonly Step[]} steps
 *
 * @typedef {object} Step
 * @property {string} script a file that Node runs, relative to the checkout
 * @property {readonly string[]} args
 * @property {RegExp} [saw] captures in its output how many files it read; a check that read none has failed
 */

const bin = (/** @type {string[]} */ ...parts) => join('node_modules', ...parts);

/** @type {readonly Check[]} */
export const checks = Object.freeze([
  { name: 'types', steps: [{ script: bin('typescript', 'bin', 'tsc'), args: ['-b', '--force'] }] },
  {
    name: 'lint',
    steps: [
      { script: join('tools', 'lint', 'main.ts'), args: [], saw: /(\d+) files read/ },
      { script: bin('oxlint', 'bin', 'oxlint'), args: ['--type-aware', '--deny-warnings'], saw: /on (\d+) files?/ },
    ],
  },
  { name: 'format', steps: [{ script: bin('oxfmt', 'bin', 'oxfmt'), args: ['--check'], saw: /on (\d+) files?/ }] },
  { name: 'dead-code', steps: [{ script: bin('knip', 'bin', 'knip.js'), args: ['--no-progress', '--treat-config-hints-as-errors'] }] },
]);

/**
 * Why a step that exited with 0 still failed: it read nothing.
 * @param {Step} step
 * @param {string} output
 * @returns {string | undefined}
 */
export function sawNothing(step, output) {
  if (step.saw === undefined) return undefined;
  const files = Number(step.saw.exec(output)?.[1] ?? 0);
  return files > 0 ? undefined : `${step.script} read no file`;
}
