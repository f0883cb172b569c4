import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import type { ErrorCode } from '../../../electron/contract/errors.ts';
import { isAppError, isCancelled } from '../../../electron/core/base/errors.ts';
import { startAgent, type Agent } from '../../../electron/core/process/agent.ts';
import { timed } from '../../helpers/timed.ts';

export interface EchoCalls {
  echo: { params: unknown; result: unknown };
  fail: { params: { readonly code: ErrorCode }; result: null };
  die: { params: null; result: null };
  hang: { params: null; result: null };
  environment: { params: null; result: readonly string[] };
  wait: { params: null; result: string };
}

const entry = fileURLToPath(new URL('./agent-echo.ts', import.meta.url));
const started: Agent<EchoCalls>[] = [];

function start(signal = new AbortController().signal): Agent<EchoCalls> {
  const agent = startAgent<EchoCalls>({
    title: 'The echo',
    entry,
    env: { BELAY_ECHO: '1' },
    signal,
    check: (method, answer) => {
      if (method === 'environment' && !Array.isArray(answer)) throw new Error('not a list');
      return answer;
    },
  });
  started.push(agent);
  return agent;
}

afterEach(async () => {
  for (const agent of started.splice(0)) await agent.close();
});

test('values come back whole, bytes and big integers too, with progress on the way', async () => {
  const agent = start();
  const value = { big: 2n ** 63n, bytes: new Uint8Array([1, 2, 3]), text: 'é\0\ud800', list: [null, -0, Infinity] };
  const progress: unknown[] = [];
  expect(await agent.call('echo', value, (one) => progress.push(one))).toEqual(value);
  expect(progress).toEqual(['half']);
});

test('calls may overlap', async () => {
  const agent = start();
  const late = agent.call('wait', null);
  expect(await agent.call('echo', 'first')).toBe('first');
  expect(await late).toBe('late');
});

test('errors come back with code, hint, details and cause', async () => {
  const failed = await start()
    .call('fail', { code: 'source.damaged' })
    .catch((error: unknown) => error);
  expect(failed).toMatchObject({
    code: 'source.damaged',
    message: 'as told',
    hint: 'do otherwise',
    details: { n: 1 },
    retryable: true,
    cause: { message: 'the reason' },
  });
});

test('an agent that dies fails its calls, with its last words, and later ones too', async () => {
  const agent = start();
  const failed = await agent.call('die', null).catch((error: unknown) => error);
  expect(isAppError(failed, 'tool.failed') && failed.details).toMatchObject({ exitCode: 3, stderr: 'last words' });
  const again = await agent.call('echo', 1).catch((error: unknown) => error);
  expect(isAppError(again, 'tool.failed')).toBe(true);
});

test('an agent that cannot start says so', async () => {
  const agent = startAgent<EchoCalls>({
    title: 'Nobody',
    entry,
    node: '/nonexistent/node',
    env: {},
    signal: new AbortController().signal,
    check: (_method, answer) => answer,
  });
  const failed = await agent.call('echo', 1).catch((error: unknown) => error);
  expect(isAppError(failed, 'tool.failed')).toBe(true);
  await agent.close();
});

test('on abort even one that does not listen is gone within two seconds', timed, async () => {
  const controller = new AbortController();
  const agent = start(controller.signal);
  await agent.call('echo', 1);
  const hanging = agent.call('hang', null).catch((error: unknown) => error);
  const since = performance.now();
  controller.abort();
  expect(isCancelled(await hanging)).toBe(true);
  expect(performance.now() - since).toBeLessThan(2000);
});

test('it gets no environment but what it is given and what a system needs', async () => {
  process.env['BELAY_SECRET_CANARY'] = 'S3CR3T';
  try {
    const names = await start().call('environment', null);
    expect(names).toContain('BELAY_ECHO');
    expect(names).not.toContain('BELAY_SECRET_CANARY');
    expect(names).not.toContain('HOME');
  } finally {
    delete process.env['BELAY_SECRET_CANARY'];
  }
});
