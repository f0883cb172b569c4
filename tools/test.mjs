// npm test: provisions what the tests need, then runs every check and every lane. Plain Node >= 20, no dependency.
// node tools/test.mjs [name ...] [-- arguments of Vitest]: only those checks and lanes.
import { chmodSync, existsSync, mkdtempSync, readFileSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureInstalled } from './lib/install.mjs';
import { ensureCore, ensureShell, ensureWindow } from './lib/build.mjs';
import { findNode } from './lib/node24.mjs';
import { provision } from './provision/index.mjs';
import { checks, sawNothing } from './test/checks.mjs';
import { countTestFiles, lanes, strayTests } from './test/lanes.mjs';
import { removeRunFolder } from './test/mounts.mjs';
import { runGroup } from './test/process.mjs';
import { exitCode, summary } from './test/tally.mjs';

/** @typedef {import('./test/tally.mjs').Section} Section */

const root = fileURLToPath(new URL('..', import.meta.url));
const say = (/** @type {string} */ line) => console.log(line);

const given = process.argv.slice(2);
const cut = given.indexOf('--');
const names = cut === -1 ? given : given.slice(0, cut);
const vitestArgs = cut === -1 ? [] : given.slice(cut + 1);
const known = [...checks, ...lanes].map((part) => part.name);
const unknown = names.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(', ')}. Known: ${known.join(', ')}.`);
  process.exit(2);
}
const wanted = (/** @type {{ name: string }} */ part) => names.length === 0 || names.includes(part.name);

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop.abort());

try {
  ensureInstalled(root, say);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
const found = findNode({ root });
if (found === undefined) throw new Error('There is no Node 24 although the install ended well.');
const node = found.path;

const runFolder = realpathSync(mkdtempSync(join(tmpdir(), 'belay-test-')));
// As /tmp itself: tests that give up root's rights need a place of their own too.
chmodSync(runFolder, 0o1777);
/** @type {Section[]} */
const sections = [];
try {
  const chosenLanes = lanes.filter(wanted);
  const env = {
    // Everything that is started by tests, and they themselves, starts faster with what Node compiled once.
    NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compile'),
    ...process.env,
    ...provision({ lanes: chosenLanes.map((lane) => lane.name), env: process.env, say }),
    TMPDIR: runFolder,
    BELAY_HOME: join(runFolder, 'home'),
  };
  const stray = names.length === 0 ? strayTests(root) : [];
  if (stray.length > 0)
    sections.push({ name: 'lanes', seconds: 0, outcomes: stray.map((name) => ({ name, state: 'failed', note: 'it stands in no lane, so nothing runs it' })) });
  if (chosenLanes.length > 0 && existsSync(join(root, 'renderer'))) sections.push(...buildWindow());
  for (const check of checks.filter(wanted)) if (!stop.signal.aborted) sections.push(await runCheck(check, env));
  for (const lane of chosenLanes) if (!stop.signal.aborted) sections.push(await runLane(lane, env));
} finally {
  removeRunFolder(runFolder);
}
for (const line of summary(sections)) console.log(line);
process.exitCode = stop.signal.aborted ? 130 : exitCode(sections);

/**
 * Builds what tests run once, before many hosts are started that would each build it.
 * @returns {Section[]} empty where it is there
 */
function buildWindow() {
  try {
    ensureWindow({ root, node, say });
    ensureCore({ root, node, say });
    if (lanes.some((lane) => lane.name === 'electron' && wanted(lane))) ensureShell({ root, node, say });
    return [];
  } catch (error) {
    return [
      {
        name: 'build',
        seconds: 0,
        outcomes: [{ name: 'the window, the command line and the shell', state: 'failed', note: error instanceof Error ? error.message : String(error) }],
      },
    ];
  }
}

/**
 * @param {import('./test/checks.mjs').Check} check
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<Section>}
 */
async function runCheck(check, env) {
  say(`\n== ${check.name}`);
  const start = performance.now();
  const failures = [];
  for (const step of check.steps) {
    const ended = await runGroup(node, [join(root, step.script), ...step.args], { cwd: root, env, signal: stop.signal, timeoutMs: 600_000, capture: true });
    process.stdout.write(ended.output);
    const nothing = sawNothing(step, ended.output);
    if (ended.code !== 0) failures.push(`${step.script} ended with ${ended.code ?? ended.signal}`);
    else if (nothing !== undefined) failures.push(nothing);
  }
  const outcome =
    failures.length === 0
      ? { name: check.name, state: /** @type {const} */ ('passed') }
      : { name: check.name, state: /** @type {const} */ ('failed'), note: failures.join('; ') };
  return { name: check.name, seconds: (performance.now() - start) / 1000, outcomes: [outcome] };
}

/**
 * @param {import('./test/lanes.mjs').Lane} lane
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<Section>}
 */
async function runLane(lane, env) {
  say(`\n== ${lane.name}`);
  const start = performance.now();
  const section = (/** @type {import('./test/tally.mjs').Outcome[]} */ outcomes) => ({
    name: lane.name,
    seconds: (performance.now() - start) / 1000,
    outcomes,
  });
  const broken = (/** @type {string} */ note) => ({ name: `the lane ${lane.name}`, state: /** @type {const} */ ('failed'), note });
  if (countTestFiles(root, lane.name) === 0) return section([broken(`test/${lane.name} holds no test`)]);

  const report = join(runFolder, `${lane.name}.json`);
  const args = [
    join(root, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--project',
    lane.name,
    '--allowOnly=false',
    '--reporter=default',
    `--reporter=${join(root, 'tools', 'test', 'reporter.ts')}`,
  ];
  const ended = await runGroup(node, [...args, ...vitestArgs], {
    cwd: root,
    env: { ...env, BELAY_TEST_REPORT: report },
    signal: stop.signal,
    timeoutMs: lane.minutes * 60_000,
  });
  const outcomes = existsSync(report) ? /** @type {import('./test/tally.mjs').Outcome[]} */ (JSON.parse(readFileSync(report, 'utf8'))) : [];
  const how = ended.timedOut ? `it did not end within ${lane.minutes} minutes` : `Vitest ended with ${ended.code ?? ended.signal}`;
  const failed = outcomes.some((outcome) => outcome.state === 'failed');
  if (outcomes.length === 0) outcomes.push(broken(ended.code === 0 ? 'it ran no test' : how));
  else if (ended.code !== 0 && !failed) outcomes.push(broken(how));
  return section(outcomes);
}
