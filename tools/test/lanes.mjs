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
  { name: 'window', minutes: 10 },
  { name: 'electron', minutes: 10 },
  { name: 'faults', minutes: 45 },
]);

/**
 * @param {string} root the checkout
 * @param {string} lane
 * @returns {number} how many test files the lane holds
 */
export function countTestFiles(root, lane) {
  return testFiles(root).filter((file) => file.startsWith(`${lane}/`)).length;
}

/**
 * Test files that stand in no lane and so would never run, relative to the checkout.
 * @param {string} root the checkout
 * @returns {string[]}
 */
export function strayTests(root) {
  return testFiles(root)
    .filter((file) => !lanes.some((lane) => file.startsWith(`${lane.name}/`)))
    .map((file) => `test/${file}`);
}

/**
 * @param {string} root
 * @returns {string[]} relative to `test`, with forward slashes
 */
function testFiles(root) {
  const folder = join(root, 'test');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .map((name) => String(name).replaceAll('\\', '/'))
    .filter((name) => /\.(?:test|spec)\.[cm]?[jt]sx?$/.test(name));
}
