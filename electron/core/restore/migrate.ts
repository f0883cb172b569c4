import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { SmokeCheck, Verification } from '../../contract/model.ts';
import { AppError } from '../base/errors.ts';
import { withoutSecrets } from '../base/without-secrets.ts';
import { counted } from '../base/words.ts';
import type { Engine, EngineContext, Fingerprint, FingerprintTarget, RestoredCopy } from '../engines/engine.ts';
import { compareFingerprints } from '../engines/fingerprint.ts';
import { runHook, type HookCommand } from '../verify/hook.ts';
import { runSmokeChecks } from '../verify/smoke.ts';

export interface Migrated {
  readonly copy: RestoredCopy;
  readonly verification: Verification;
  readonly migration: Migration;
}

/** What was put in place of the snapshot's content, since the user asked for it. */
export interface Migration {
  /** Each command as it was typed but for its secrets, with how it ended. */
  readonly commands: readonly string[];
  /** SHA-256 over the fingerprint of what is promoted. */
  readonly fingerprint: string;
  /** In how many tables and definitions it differs from the snapshot. */
  readonly changed: number;
}

/** Throws `input.invalid` where a command names no program or its folder is not there; nothing was touched then. */
export function refuseBadCommands(commands: readonly HookCommand[]): void {
  for (const { cwd } of commands)
    if (!existsSync(cwd)) throw new AppError('input.invalid', `The folder of a migration is not there: ${cwd}`, { hint: 'Name one that exists.' });
}

/**
 * Runs the migration on a copy that was compared and found equal, then the checks. Where one fails it throws `hook.failed` or `check.failed`, where
 * a check changed the copy `target.not-equal`: the copy is as that left it.
 */
export async function migrate(
  engine: Engine,
  copy: RestoredCopy,
  commands: readonly HookCommand[],
  checks: readonly SmokeCheck[],
  equal: { readonly verification: Verification; readonly expected: Fingerprint },
  context: EngineContext,
): Promise<Migrated> {
  const of: FingerprintTarget = { kind: 'copy', copy };
  const place = engine.describeLocation(copy.location);
  const ends: string[] = [];
  for (const command of commands) {
    const words = withoutSecrets(command.argv).join(' ').slice(0, 200);
    context.progress({ stage: `migration ${words}` });
    const end = await runHook(command, engine, of, place, context);
    if (end.exitCode !== 0) throw failedMigration(words, end);
    ends.push(`${words}: ${end.ended}`);
  }
  const settled = await engine.changed(copy, equal.expected, context);
  context.progress({ stage: 'noting what the migration left' });
  const after = await engine.fingerprint({ kind: 'copy', copy: settled }, context);
  const promoted = await engine.changed(settled, after, context);
  const results = await runSmokeChecks(checks, engine, { kind: 'copy', copy: promoted }, place, context);
  const failing = results.find((one) => one.result === 'failed');
  if (failing !== undefined)
    throw new AppError('check.failed', `The restored copy was not put in place. After the migration the check ${failing.name} failed: ${failing.statement}`, {
      hint: 'The target is as it was.',
      details: { checks: results },
    });
  if (checks.some((check) => check.kind === 'command')) await refuseChanged(engine, promoted, after, context);
  const changed = compareFingerprints(equal.expected, after).length;
  const { statement, checks: own, durationMs } = equal.verification;
  const migrated = `Then the migration changed ${counted(changed, 'table or definition', 'tables and definitions')}.`;
  return {
    copy: promoted,
    verification: { ...equal.verification, statement: `${statement} ${migrated}`, checks: [...own, ...results], durationMs },
    migration: { commands: ends, fingerprint: hashOf(after), changed },
  };
}

function failedMigration(words: string, end: Awaited<ReturnType<typeof runHook>>): AppError {
  return new AppError(
    'hook.failed',
    `The migration failed, and nothing was put in place: ${words}: ${end.ended}${end.lastLine === '' ? '' : `: ${end.lastLine}`}`,
    {
      hint: 'The target is as it was.',
      details: { command: words, ended: end.ended, said: end.said },
    },
  );
}

/** What is recorded and promoted is what the migration left. */
async function refuseChanged(engine: Engine, copy: RestoredCopy, after: Fingerprint, context: EngineContext): Promise<void> {
  const [first] = compareFingerprints(after, await engine.fingerprint({ kind: 'copy', copy }, context));
  if (first === undefined) return;
  throw new AppError('target.not-equal', `The restored copy was not put in place. A check changed it after the migration: ${first.statement}`, {
    hint: 'The target is as it was. What changes the data belongs into the migration.',
  });
}

function hashOf(fingerprint: Fingerprint): string {
  const words = fingerprint.items.map(({ kind, name, rows, hash }) => [kind, name, rows ?? null, hash]);
  return createHash('sha256').update(JSON.stringify(words)).digest('hex');
}
