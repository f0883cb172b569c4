import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runGroup } from '../../../tools/test/process.mjs';
import { checkout, plantTree } from './tree.ts';

const posix = process.platform !== 'win32';
const options = { cwd: checkout, env: process.env, timeoutMs: 20_000, capture: true };
const never = new AbortController().signal;

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

describe('a command of npm test', () => {
  it('gives its exit code and what it printed', async () => {
    const ended = await runGroup(process.execPath, ['-e', "console.log('said'); console.error('so'); process.exitCode = 3"], { ...options, signal: never });
    expect(ended).toMatchObject({ code: 3, signal: null, timedOut: false });
    expect(ended.output).toContain('said');
    expect(ended.output).toContain('so');
  });

  it('is ended when its time is up', async () => {
    const ended = await runGroup(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { ...options, timeoutMs: 300, signal: never });
    expect(ended).toMatchObject({ timedOut: true });
    expect(ended.code).not.toBe(0);
  });

  it.runIf(posix)('leaves no child behind, neither after its end nor after an abort', async () => {
    using tree = plantTree({});
    const pidFile = join(tree.root, 'pid');
    const pid = () => Number(readFileSync(pidFile, 'utf8'));
    const idle = "['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' }";
    const start = `const c = require('node:child_process').spawn(process.execPath, ${idle}); require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(c.pid));`;

    const left = await runGroup(process.execPath, ['-e', `${start} c.unref()`], { ...options, signal: never });
    expect(left.code).toBe(0);
    await expect.poll(() => alive(pid())).toBe(false);

    rmSync(pidFile);
    const stop = new AbortController();
    const running = runGroup(process.execPath, ['-e', `${start} setInterval(() => {}, 1000)`], { ...options, signal: stop.signal });
    await expect.poll(() => existsSync(pidFile) && pid() > 0).toBe(true);
    stop.abort();
    expect((await running).signal).toBe('SIGINT');
    await expect.poll(() => alive(pid())).toBe(false);
  });
});

describe('the launcher of a TypeScript entry', () => {
  const launcher = join(checkout, 'tools', 'run.mjs');

  it('passes arguments, exit code and output on', async () => {
    using tree = plantTree({ 'entry.ts': 'const args: string[] = process.argv.slice(2);\nconsole.log(JSON.stringify(args));\nprocess.exitCode = 7;\n' });
    const ended = await runGroup(process.execPath, [launcher, join(tree.root, 'entry.ts'), '--a', 'b c', ''], { ...options, signal: never });
    expect(ended.output.trim()).toBe('["--a","b c",""]');
    expect(ended.code).toBe(7);
  });

  it('says what to run where it is called without an entry', async () => {
    const ended = await runGroup(process.execPath, [launcher], { ...options, signal: never });
    expect(ended.code).toBe(2);
    expect(ended.output).toContain('Usage');
  });

  it.runIf(posix)('ends by the signal that ended its child, and passes signals on', async () => {
    using tree = plantTree({
      'wait.ts':
        "process.once('SIGTERM', () => { console.log('told'); process.exitCode = 9; clearInterval(timer); });\nconst timer = setInterval(() => undefined, 1000);\nconsole.log('ready');\n",
      'die.ts': "process.kill(process.pid, 'SIGTERM');\nsetInterval(() => undefined, 1000);\n",
    });
    const died = await runGroup(process.execPath, [launcher, join(tree.root, 'die.ts')], { ...options, signal: never });
    expect(died.signal).toBe('SIGTERM');

    const waiting = spawn(process.execPath, [launcher, join(tree.root, 'wait.ts')], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    for await (const chunk of waiting.stdout) {
      output += String(chunk);
      if (output.trim() === 'ready') waiting.kill('SIGTERM');
    }
    if (waiting.exitCode === null) await once(waiting, 'exit');
    expect(output).toContain('told');
    expect(waiting.exitCode).toBe(9);
  });
});
