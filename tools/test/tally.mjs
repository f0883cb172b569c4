// Plain Node >= 20, no dependency.

/**
 * @typedef {object} Outcome
 * @property {string} name
 * @property {'passed' | 'failed' | 'skipped'} state
 * @property {string} [note] why it was skipped, or what failed
 */

/**
 * @typedef {object} Section
 * @property {string} name a check or a lane
 * @property {number} seconds
 * @property {readonly Outcome[]} outcomes
 */

/**
 * @param {readonly Section[]} sections
 */
export function count(sections) {
  const all = sections.flatMap((section) => section.outcomes);
  const of = (/** @type {Outcome['state']} */ state) => all.filter((outcome) => outcome.state === state).length;
  return { passed: of('passed'), failed: of('failed'), skipped: of('skipped') };
}

/**
 * The closing lines of a run; the last is exactly `N passed, N failed, N skipped`. Skipped and failed ones are named.
 * @param {readonly Section[]} sections
 * @returns {string[]}
 */
export function summary(sections) {
  const lines = ['', 'Time by part:'];
  for (const section of sections) {
    const { passed, failed, skipped } = count([section]);
    const figures = `${passed} passed` + (failed > 0 ? `, ${failed} FAILED` : '') + (skipped > 0 ? `, ${skipped} SKIPPED` : '');
    lines.push(`  ${section.name.padEnd(12)} ${section.seconds.toFixed(1).padStart(7)} s  ${figures}`);
  }
  for (const [state, title] of /** @type {const} */ ([
    ['skipped', 'SKIPPED, so not shown to work on this machine:'],
    ['failed', 'FAILED:'],
  ])) {
    const rows = sections.flatMap((section) =>
      section.outcomes
        .filter((outcome) => outcome.state === state)
        .map((outcome) => `  ${section.name}: ${outcome.name}: ${outcome.note ?? 'no reason given'}`),
    );
    if (rows.length > 0) lines.push('', title, ...rows);
  }
  const total = count(sections);
  lines.push('', `${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return lines;
}

/**
 * 0 only where something ran and nothing failed.
 * @param {readonly Section[]} sections
 * @returns {number}
 */
export function exitCode(sections) {
  const total = count(sections);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}
