import { readFile } from 'node:fs/promises';
import type { SmokeCheck } from '../contract/model.ts';
import { AppError, systemCode } from '../core/app/faces.ts';
import type { Context } from './context.ts';
import type { Given, OptionSpec } from './spec.ts';

/** Options for checks of the user's own after a restore or proof. */
export const checkOptions: readonly OptionSpec[] = [
  { flags: '--check-query <sql>', description: 'SQL that must return a row, or `SQL == value` for its first cell; may be repeated', many: true },
  {
    flags: '--check-command <command>',
    description: 'command that must exit with 0, split at spaces, no shell; BELAY_RESTORED names the restored copy; may be repeated',
    many: true,
  },
  { flags: '--check-http <url>', description: 'address that must answer with 200; may be repeated', many: true },
  { flags: '--checks <file>', description: 'JSON file with an array of checks (docs/guide/cli.md, "Checks of your own")', complete: 'file' },
];

/** The checks that the options ask for. Throws `input.invalid` naming what is wrong in a file. */
export async function checksOf(context: Context, input: Given): Promise<SmokeCheck[]> {
  const file = input.text('checks');
  return [
    ...input.list('checkQuery').map(queryCheck),
    ...input.list('checkCommand').map(commandCheck),
    ...input.list('checkHttp').map((url): SmokeCheck => ({ kind: 'http', name: url.slice(0, 200), url, status: 200 })),
    ...(file === undefined ? [] : await checksFromFile(context.absolute(file))),
  ];
}

function queryCheck(text: string): SmokeCheck {
  const name = text.replace(/\s+/g, ' ').trim().slice(0, 200);
  const match = /^(.*\S)\s*==\s*(.*)$/s.exec(text);
  return match === null ? { kind: 'query', name, sql: text } : { kind: 'query', name, sql: match[1] ?? '', expect: match[2] ?? '' };
}

function commandCheck(text: string): SmokeCheck {
  const argv = text.split(/\s+/).filter((word) => word !== '');
  if (argv.length === 0) throw new AppError('input.invalid', '--check-command is empty.', { hint: 'Name a program and its arguments.' });
  return { kind: 'command', name: text.trim().slice(0, 200), argv, exitCode: 0 };
}

async function checksFromFile(path: string): Promise<SmokeCheck[]> {
  const hint = 'Give an array of checks: docs/guide/cli.md, "Checks of your own".';
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new AppError('input.invalid', `--checks: ${path} could not be read (${systemCode(error) ?? 'unknown cause'}).`, { hint, cause: error });
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new AppError('input.invalid', `--checks: ${path} is not JSON: ${error instanceof Error ? error.message : String(error)}.`, { hint });
  }
  const [{ z }, { smokeCheck }] = await Promise.all([import('zod'), import('../contract/model.ts')]);
  const checked = z.array(smokeCheck).safeParse(parsed);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw new AppError('input.invalid', `--checks: ${path}, at ${pathText(issue?.path ?? [])}: ${issue?.message ?? 'not an array of checks'}.`, { hint });
}

function pathText(path: readonly PropertyKey[]): string {
  return path.length === 0
    ? 'the top'
    : path
        .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
        .join('')
        .replace(/^\./, '');
}
