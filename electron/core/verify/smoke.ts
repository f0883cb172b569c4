import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { SmokeCheck, SmokeResult } from '../../contract/model.ts';
import { AppError, isAppError, isCancelled } from '../base/errors.ts';
import { cut } from '../base/words.ts';
import type { CellValue, Engine, EngineContext, FingerprintTarget } from '../engines/engine.ts';
import { runHook } from './hook.ts';

const checkTimeout = 60_000;
const responseBytes = 1 << 20;
/** Characters of an answer that a record tells; what is compared is all of it. */
const longestAnswer = 300;

/**
 * Runs the user's own checks against a restored copy, one after the other; a failing one never stops the rest.
 * Commands run in their `cwd` with the copy's place in their environment. Each check has a minute.
 */
export async function runSmokeChecks(
  checks: readonly SmokeCheck[],
  engine: Engine,
  of: FingerprintTarget,
  place: string,
  context: EngineContext,
): Promise<readonly SmokeResult[]> {
  const results: SmokeResult[] = [];
  for (const check of checks) {
    context.progress({ stage: `check ${check.name}` });
    const started = context.clock.monotonic();
    const outcome = await runOne(check, engine, of, place, context);
    results.push({ name: check.name, kind: check.kind, ...outcome, durationMs: Math.round(context.clock.monotonic() - started) });
  }
  return results;
}

/** What the database said where the message does not tell it. */
function withReason({ message, cause }: AppError): string {
  return cause instanceof Error && !(cause instanceof AppError) ? `${message} It said: ${cut(cause.message, longestAnswer)}` : message;
}

type Outcome = Pick<SmokeResult, 'result' | 'statement'>;

async function runOne(check: SmokeCheck, engine: Engine, of: FingerprintTarget, place: string, context: EngineContext): Promise<Outcome> {
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(checkTimeout)]);
  const limited: EngineContext = { ...context, signal };
  try {
    if (check.kind === 'query') return await queryCheck(check.sql, check.expect, engine, of, limited);
    if (check.kind === 'command') return await commandCheck(check, engine, of, place, limited);
    return await httpCheck(check, signal);
  } catch (error) {
    if (context.signal.aborted) throw error;
    if (isCancelled(error) || signal.aborted) return failed(`did not end within ${checkTimeout / 1000} seconds`);
    // What the user must do first is all that the record has.
    if (isAppError(error, 'engine.unsupported')) return failed([error.message, error.hint].filter((part) => part !== undefined).join(' '));
    if (error instanceof AppError) return failed(withReason(error));
    if (error instanceof TypeError && check.kind === 'http') return failed(`no answer from ${new URL(check.url).host}`);
    throw error;
  }
}

async function queryCheck(sql: string, expect: string | undefined, engine: Engine, of: FingerprintTarget, context: EngineContext): Promise<Outcome> {
  const page = await engine.query(of, sql, context);
  const first = page.rows[0]?.[0];
  const found = first === undefined ? 'no row' : cut(cellText(first), longestAnswer);
  // A question whose answer is no has not passed; a query that is no question answers no truth value.
  if (expect === undefined) return page.rows.length > 0 && first !== false ? passed(`answered ${found}`) : failed(`answered ${found}`);
  return first !== undefined && equals(first, expect) ? passed(`answered ${found}`) : failed(`expected ${cut(expect, longestAnswer)}, answered ${found}`);
}

async function commandCheck(
  check: Extract<SmokeCheck, { kind: 'command' }>,
  engine: Engine,
  of: FingerprintTarget,
  place: string,
  context: EngineContext,
): Promise<Outcome> {
  const { argv, cwd, exitCode } = check;
  const [file, ...rest] = argv;
  if (file === undefined) throw new AppError('input.invalid', 'A command check names no program.');
  // The system says the same of a program that is not there.
  if (!existsSync(cwd)) return failed(`its folder is not there: ${cwd}`);
  const { ended, exitCode: found, lastLine } = await runHook({ argv: [file, ...rest], cwd }, engine, of, place, context);
  if (found === exitCode) return passed(`exit code ${exitCode}`);
  return failed(`${ended}, expected ${exitCode}${lastLine === '' ? '' : `: ${lastLine}`}`);
}

async function httpCheck(check: Extract<SmokeCheck, { kind: 'http' }>, signal: AbortSignal): Promise<Outcome> {
  const response = await fetch(check.url, { signal, redirect: 'manual', headers: { accept: 'application/json' } });
  const body = await limitedText(response);
  if (response.status !== check.status) return failed(`status ${response.status}, expected ${check.status}`);
  if (check.json === undefined) return passed(`status ${response.status}`);
  let found: unknown;
  try {
    found = JSON.parse(body);
  } catch (error) {
    if (error instanceof SyntaxError) return failed('the answer is not JSON');
    throw error;
  }
  return contains(found, check.json) ? passed(`status ${response.status}, JSON as expected`) : failed('the JSON differs from what is expected');
}

async function limitedText(response: Response): Promise<string> {
  const body: ReadableStream<Uint8Array> | null = response.body;
  if (body === null) return '';
  const decoder = new TextDecoder();
  let text = '';
  for await (const part of body) {
    text += decoder.decode(part, { stream: true });
    if (text.length > responseBytes) throw new AppError('hook.failed', 'The answer is larger than 1 MiB.');
  }
  return text;
}

/** True where every field that `expected` names is in `found` with the same value; further fields do not matter. */
function contains(found: unknown, expected: unknown): boolean {
  if (typeof expected !== 'object' || expected === null || Array.isArray(expected)) return isDeepStrictEqual(found, expected);
  if (typeof found !== 'object' || found === null) return false;
  const fields = new Map<string, unknown>(Object.entries(found));
  return Object.entries(expected).every(([key, value]) => fields.has(key) && contains(fields.get(key), value));
}

/** A truth value is also what SQL writes for it. */
function equals(cell: CellValue, expect: string): boolean {
  if (typeof cell === 'boolean') return (cell ? ['true', 't', '1'] : ['false', 'f', '0']).includes(expect.toLowerCase());
  return cellText(cell) === expect;
}

function cellText(cell: CellValue): string {
  if (cell === null) return 'NULL';
  return typeof cell === 'object' ? cell.v : String(cell);
}

const passed = (statement: string): Outcome => ({ result: 'passed', statement });
const failed = (statement: string): Outcome => ({ result: 'failed', statement });
