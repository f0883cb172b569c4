/** An agent for tests: answers, reports, fails and dies as it is told. */
import { AppError } from '../../../electron/core/base/errors.ts';
import { serveAgent } from '../../../electron/core/process/agent-server.ts';
import type { EchoCalls } from './agent.test.ts';

serveAgent<EchoCalls>(
  {
    echo: (params, progress) => {
      progress('half');
      return params;
    },
    fail: ({ code }) => {
      throw new AppError(code, 'as told', { hint: 'do otherwise', details: { n: 1 }, cause: new Error('the reason'), retryable: true });
    },
    die: () => {
      process.stderr.write('last words');
      process.exit(3);
    },
    hang: () => {
      for (;;);
    },
    environment: () => Object.keys(process.env),
    wait: () => new Promise((resolve) => setTimeout(() => resolve('late'), 300)),
  },
  (error) => error,
  () => undefined,
);
