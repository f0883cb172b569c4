import { readFile } from 'node:fs/promises';
import type { SmokeCheck } from '../contract/model.ts';
import { AppError, ended, unreadable, withoutSecrets } from '../core/app/faces.ts';
import type { Context } from './context.ts';
import type { Given, OptionSpec } from './spec.ts';

/** Options for checks of the user's own after a restore or proof. */
export const checkOptions: readonly OptionSpec[] = [
  {
    flags: '--check-query <sql>',
    description: 'SQL that must return a row that is not false, or `SQL == value` for its first cell; may be repeated',
    many: true,
  },
  {
    flags: '--check-command <command>',
    description: 'command that must exit with 0, split at spaces, no shell, run in the current folder; BELAY_RESTORED names the restored copy; may be repeated',
    many: true,
  },
  { flags: '--check-http <url>', description: 'address that must answer with 200; may be repeated', many: true },
  { flags: '--checks <file>', description: 'JSON file with an array of checks (docs/guide/cli.md, "Checks of your own")', complete: 'file' },
];

/** The same as `input` has them. */
export const checkNames = ['checkQuery', 'checkCommand', 'checkHttp', 'checks'] as const;

export const migrateOption: OptionSpec = {
  flags: '--migrate <command>',
  description: 'run this on the compared copy before the checks and the swap; split at spaces, no shell; may be repeated',
  many: true,
};

/** The checks that the options ask for. Throws `input.invalid` naming what is wrong in a file. */
export async function checksOf(context: Context, input: Given): Promise<SmokeCheck[]> {
  const file = input.text('checks');
  return [
    ...input.list('checkCommand').map((text) => commandCheck(text, context.world.cwd)),
    ...input.list('checkQuery').map(queryCheck),
    ...input.list('checkHttp').map(httpCheck),
    ...(file === undefined ? [] : await checksFromFile(context.absolute(file), context)),
  ];
}

/** What `--migrate` asks for, as it was typed, split at spaces. */
export function migrationsOf(context: Context, input: Given): { argv: [string, ...string[]]; cwd: string }[] {
  return input.list('migrate').map((text) => {
    const [program, ...args] = text.split(/\s+/).filter((word) => word !== '');
    if (program === undefined) throw new AppError('input.invalid', '--migrate must not be empty.', { hint: 'Give a command.' });
    return { argv: [program, ...args], cwd: context.world.cwd };
  });
}

function queryCheck(text: string): SmokeCheck {
  const name = nameOf(text);
  const match = /^(.*\S)\s*==\s*(.*)$/s.exec(text);
  return match === null ? { kind: 'query', name, sql: text } : { kind: 'query', name, sql: match[1] ?? '', expect: match[2] ?? '' };
}

function commandCheck(text: string, cwd: string): SmokeCheck {
  return {
    kind: 'command',
    name: nameOf(withoutSecrets(text.split(/\s+/)).join(' ')),
    argv: text.split(/\s+/).filter((word) => word !== ''),
    cwd,
    exitCode: 0,
  };
}

function httpCheck(url: string): SmokeCheck {
  const { protocol, username, password } = URL.canParse(url) ? new URL(url) : { protocol: '', username: '', password: '' };
  if (username + password !== '')
    throw new AppError('input.invalid', '--check-http takes no user and password in its address.', {
      hint: 'Check it by a program that finds them elsewhere: --check-command "curl --fail --netrc https://…"',
    });
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new AppError('input.invalid', `--check-http ${url} is not an address that begins with http:// or https://.`, {
      hint: 'Give a whole address, as in --check-http http://127.0.0.1:3000/health',
    });
  return { kind: 'http', name: nameOf(withoutSecrets([url]).join('')), url, status: 200 };
}

/** A check is called what was typed, on one line, but for secrets: its name is kept with every proof. */
function nameOf(text: string): string {
  return text
    .replace(/[\s\u0000-\u001f\u007f]+/g, ' ')
    .trim()
    .slice(0, 200);
}

async function checksFromFile(path: string, context: Context): Promise<SmokeCheck[]> {
  const hint = 'Give an array of checks: docs/guide/cli.md, "Checks of your own".';
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw unreadable({ what: '--checks', path, hint }, error);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new AppError('input.invalid', `--checks: ${path} is not JSON: ${ended(error instanceof Error ? error.message : String(error))}`, { hint });
  }
  const [{ z }, { smokeCheck }, { inputWords }] = await Promise.all([import('zod'), import('../contract/model.ts'), import('../contract/input-words.ts')]);
  const checked = z.array(smokeCheck).safeParse(Array.isArray(parsed) ? parsed.map((check: unknown) => placed(check, context)) : parsed, { error: inputWords });
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw new AppError('input.invalid', `--checks: ${path}, at ${pathText(issue?.path ?? [])}: it ${issue?.message ?? 'must be a list'}.`, { hint });
}

/** A command of the file runs in the folder that it names, seen from where the user stands; else where the user stands. */
function placed(check: unknown, context: Context): unknown {
  if (typeof check !== 'object' || check === null || !('kind' in check) || check.kind !== 'command') return check;
  if (!('cwd' in check) || check.cwd === undefined) return { ...check, cwd: context.world.cwd };
  return typeof check.cwd === 'string' ? { ...check, cwd: context.absolute(check.cwd) } : check;
}

function pathText(path: readonly PropertyKey[]): string {
  return path.length === 0
    ? 'the top'
    : path
        .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
        .join('')
        .replace(/^\./, '');
}
