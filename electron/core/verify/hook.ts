import { createRedactor } from '../base/redaction.ts';
import type { Engine, EngineContext, FingerprintTarget } from '../engines/engine.ts';
import { runCommand } from '../process/run.ts';

export interface HookCommand {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
}

export interface HookEnd {
  /** `exit code 1`, `SIGKILL`. */
  readonly ended: string;
  readonly exitCode: number | undefined;
  /** The end of what it said, without the secrets that it was given. */
  readonly said: string;
  /** Of that its last line, standard error first. */
  readonly lastLine: string;
}

const keptOutput = 8192;
const shownOutput = 4000;
const shownLine = 300;

/**
 * Runs a program of the user's on a restored copy, or on a native file that was loaded, without a shell. Its environment names the copy: `BELAY_RESTORED` in words, and where the
 * engine has connections the variables that programs of its kind read, password included; none of another place's are left in it. On cancel its
 * whole process group is gone within two seconds.
 */
export async function runHook(command: HookCommand, engine: Engine, of: FingerprintTarget, place: string, context: EngineContext): Promise<HookEnd> {
  const [file, ...args] = command.argv;
  const connection = await engine.connection?.(of.kind === 'copy' ? of.copy.location : of.source.location, context);
  const env = { ...connection?.env, BELAY_RESTORED: place };
  const end = await runCommand({ file, args, cwd: command.cwd, env, inheritEnv: true, signal: context.signal, keepOutput: keptOutput });
  const redactor = createRedactor();
  for (const secret of connection?.secrets ?? []) redactor.register(secret);
  const [out, err] = [end.stdout, end.stderr].map((text) => redactor.text(wholeLines(text)).trim());
  const said = [out, err].filter((text) => text !== undefined && text !== '').join('\n');
  const last = (err === '' || err === undefined ? out : err)?.split('\n').at(-1) ?? '';
  const ended = end.exitCode === undefined ? (end.signal ?? 'unknown') : `exit code ${end.exitCode}`;
  return { ended, exitCode: end.exitCode, said: said.slice(-shownOutput), lastLine: last.slice(0, shownLine) };
}

/** Where the beginning was cut off, half a secret may stand there. */
function wholeLines(text: string): string {
  return Buffer.byteLength(text) < keptOutput ? text : text.slice(text.indexOf('\n') + 1);
}
