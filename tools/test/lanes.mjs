// Plain Node >= 20, no dependency.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * One group of tests, run by Vitest as a project of the same name over `test/<name>`.
 * @typedef {object} Lane
 * @property {string} name
 * @property {number} minutes after which it counts as hung and is ended
 */

/** @type {readonly Lane[]} in the order in which `npm test` runs them, cheapest first */
export const lanes = Object.freeze([
  { name: 'unit', minutes: 15 },
  { name: 'contract', minutes: 15 },
  { name: 'engines', minutes: 30 },
  { name: 'compat', minutes: 15 },
  { name: 'e2e', minutes: 30 },
  { name: 'faults', minutes: 45 },
]);

/**
 * @param {string} root the checkout
 * @param {string} lane
 * @returns {number} how many test files the lane holds
 */
export function countTestFiles(root, lane) {
  const folder = join(root, 'test', lane);
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith('.test.ts')).length;
}
