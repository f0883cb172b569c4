import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { isAppError, isCancelled, systemCode } from '../../../electron/core/base/errors.ts';
import { runCommand, type CommandRequest } from '../../../electron/core/process/run.ts';
import { until } from '../../helpers/sqlite/until.ts';
import { temporaryFolder } from '../../helpers/world.ts';
import { timed } from '../../helpers/timed.ts';

const request = (args: readonly string[], more: Partial<CommandRequest> = {}): CommandRequest => ({
  file: process.execPath,
  args,
  inheritEnv: false,
  signal: new AbortController().signal,
  keepOutput: 4096,
  ...more,
});

test('arguments arrive as they are, no shell between', async () => {
  const hostile = ['$(id)', '`id`', 'a b', '"quoted"', "it's", '; exit 9', '*', '-rf', 'new\nline', ''];
  const end = await runCommand(request(['-e', 'process.stdout.write(JSON.stringify(process.argv.slice(1)))', '--', ...hostile]));
  expect(end).toMatchObject({ exitCode: 0, signal: undefined, stdout: JSON.stringify(hostile), stderr: '' });
});

test('exit codes and signals are told, not thrown', async () => {
  expect(await runCommand(request(['-e', 'process.exit(7)']))).toMatchObject({ exitCode: 7, signal: undefined });
  expect(await runCommand(request(['-e', 'process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000)']))).toMatchObject({
    exitCode: undefined,
    signal: 'SIGTERM',
  });
});

test('the environment is only what was given, unless it is inherited', async () => {
  const print = ['-e', 'process.stdout.write(String(process.env.BELAY_TEST) + String(process.env.HOME !== undefined))'];
  expect((await runCommand(request(print, { env: { BELAY_TEST: 'x' } }))).stdout).toBe('xfalse');
  expect((await runCommand(request(print, { inheritEnv: true }))).stdout).toBe(`undefined${process.env['HOME'] !== undefined}`);
});

test('of much output the end is kept', async () => {
  const end = await runCommand(
    request(['-e', 'for (let i = 0; i < 100000; i += 1) console.log("line " + i); console.error("last words")'], { keepOutput: 100 }),
  );
  expect(end.stdout.endsWith('line 99999\n')).toBe(true);
  expect(end.stdout.length).toBeLessThanOrEqual(100);
  expect(end.stderr).toBe('last words\n');
});

test('programs that are not there or cannot run are told apart', async () => {
  await using folder = await temporaryFolder('belay-run');
  const plain = path.join(folder.path, 'plain.txt');
  writeFileSync(plain, 'not a program', { mode: 0o644 });
  const missing = await runCommand(request([], { file: path.join(folder.path, 'nothing') })).catch((error: unknown) => error);
  expect(isAppError(missing, 'tool.missing')).toBe(true);
  const refused = await runCommand(request([], { file: plain })).catch((error: unknown) => error);
  expect(isAppError(refused, 'tool.failed')).toBe(true);
});

test('on abort the child and what it started are gone within two seconds, also where they ignore being asked', timed, async () => {
  await using folder = await temporaryFolder('belay-run');
  const mark = path.join(folder.path, 'pids');
  const stubborn = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000);';
  const program = `
    const child = require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(stubborn)}], { stdio: "inherit" });
    ${stubborn}
    require("node:fs").writeFileSync(${JSON.stringify(mark)}, process.pid + " " + child.pid);
  `;
  const controller = new AbortController();
  const running = runCommand(request(['-e', program], { signal: controller.signal })).catch((error: unknown) => error);
  await until(() => existsSync(mark));
  const { readFileSync } = await import('node:fs');
  await until(() => readFileSync(mark, 'utf8').includes(' '));
  const pids = readFileSync(mark, 'utf8').split(' ').map(Number);
  const since = performance.now();
  controller.abort();
  expect(isCancelled(await running)).toBe(true);
  expect(performance.now() - since).toBeLessThan(2000);
  for (const pid of pids) await until(() => !isAlive(pid));
});

test('a call that is cancelled already starts nothing', async () => {
  const failed = await runCommand(request(['-e', ''], { signal: AbortSignal.abort(), file: '/nonexistent' })).catch((error: unknown) => error);
  expect(isCancelled(failed)).toBe(true);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ESRCH') return false;
    throw error;
  }
}
