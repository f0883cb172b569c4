import { describe, expect, test } from 'vitest';
import { AppError } from '../../../electron/core/base/errors.ts';
import type { CellValue, Engine, FingerprintTarget, SnapshotContent } from '../../../electron/core/engines/engine.ts';
import { drill } from '../../../electron/core/verify/drill.ts';
import { runSmokeChecks } from '../../../electron/core/verify/smoke.ts';
import { withContext } from '../../helpers/engine-context.ts';

/** Of an engine only what a drill asks of it before there is a copy, and what answers queries. */
function engineThat(verbs: Partial<Engine>): Engine {
  return { throwAwayLocation: (location: object) => location, ...verbs } as unknown as Engine;
}

const content = { location: {} } as unknown as SnapshotContent;

describe('a drill that does not come to its end', () => {
  const drilled = (error: AppError) => withContext((context) => drill(engineThat({ restore: () => Promise.reject(error) }), content, [], context));

  test.each(['source.missing', 'source.unreachable', 'target.busy', 'target.missing', 'tool.failed', 'engine.unsupported', 'secret.denied'] as const)(
    'for want of a place (%s) has shown nothing',
    async (code) => {
      expect(await drilled(new AppError(code, 'No.'))).toMatchObject({ result: 'inconclusive', statement: 'The drill could not run: No.' });
    },
  );

  test.each(['repository.damaged', 'source.damaged', 'target.not-equal'] as const)('since the snapshot cannot be restored (%s) has failed', async (code) => {
    expect(await drilled(new AppError(code, 'No.'))).toMatchObject({ result: 'failed' });
  });

  test('since the repository cannot be read is no drill', async () => {
    await expect(drilled(new AppError('repository.io', 'No.'))).rejects.toMatchObject({ code: 'repository.io' });
  });
});

describe('a query of the user', () => {
  const of = { kind: 'source' } as unknown as FingerprintTarget;
  const asked = (rows: readonly (readonly CellValue[])[] | AppError, expect?: string) =>
    withContext(async (context) => {
      const query = (): ReturnType<Engine['query']> => (rows instanceof AppError ? Promise.reject(rows) : Promise.resolve({ columns: [], rows }));
      const check = { kind: 'query' as const, name: 'q', sql: 'select', ...(expect === undefined ? {} : { expect }) };
      const [result] = await runSmokeChecks([check], engineThat({ query }), of, 'there', context);
      return result;
    });

  test('passes with a row, unless it answers no', async () => {
    expect(await asked([[0]])).toMatchObject({ result: 'passed', statement: 'answered 0' });
    expect(await asked([[true]])).toMatchObject({ result: 'passed', statement: 'answered true' });
    expect(await asked([[false]])).toMatchObject({ result: 'failed', statement: 'answered false' });
    expect(await asked([])).toMatchObject({ result: 'failed', statement: 'answered no row' });
  });

  test('with an expectation compares the whole of the first cell, and tells its beginning', async () => {
    for (const expected of ['true', 't', '1', 'TRUE']) expect(await asked([[true]], expected)).toMatchObject({ result: 'passed' });
    for (const expected of ['false', '0', 'yes']) expect(await asked([[true]], expected)).toMatchObject({ result: 'failed' });
    const long = 'x'.repeat(5000);
    expect(await asked([[long]], long)).toMatchObject({ result: 'passed', statement: expect.stringMatching(/^answered x{299}…$/) as unknown });
    expect(await asked([[`${long}y`]], long)).toMatchObject({ result: 'failed' });
    expect(await asked([], 'no row')).toMatchObject({ result: 'failed' });
  });

  test('that the database does not take says what it said', async () => {
    const refused = new AppError('input.invalid', 'The query is none.', { cause: new Error('division by zero') });
    expect(await asked(refused)).toMatchObject({ result: 'failed', statement: 'The query is none. It said: division by zero' });
  });
});
