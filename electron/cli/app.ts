import { isCancelled, toWireError } from '../core/app/faces.ts';
import type { WireError } from '../contract/errors.ts';
import { commonOf } from './common.ts';
import type { Common } from './common.ts';
import { Context } from './context.ts';
import { printError, usageError } from './errors.ts';
import { exitCodeOf, exits } from './exit-codes.ts';
import { inTypedWords } from './given-words.ts';
import { homeFolder } from './home.ts';
import { answered, failed } from './json.ts';
import { Leaving } from './leaving.ts';
import { columnsOf, Output } from './output/output.ts';
import { noProgress, progressView } from './output/progress.ts';
import { commandWord, parse } from './program.ts';
import type { Parsed } from './program.ts';
import { Prompter } from './prompt.ts';
import { entryOf } from './registry.ts';
import { refuseAbsentKeys } from './secrets.ts';
import { Session } from './session.ts';
import type { World } from './world.ts';

/** Runs one command line; resolves with its exit code when everything is printed and the host is let go. */
export async function runCli(world: World): Promise<number> {
  const parsed = await parseWords(world);
  const common = parsed.kind === 'run' ? commonOf(parsed.options) : guessedCommon(world.argv);
  const output = new Output({ stdout: world.stdout, stderr: world.stderr, env: world.env, colour: common.colour, quiet: common.quiet, json: common.json });
  if (parsed.kind === 'text') {
    if (common.json) output.object(answered('help', { text: parsed.text }));
    else output.raw(parsed.text);
    return exits.ok;
  }
  if (parsed.kind === 'wrong') return fail(output, common, parsed.name, toWireError(usageError(parsed.message, parsed.hint)));
  return runCommand(world, parsed, common, output);
}

async function runCommand(world: World, parsed: Parsed & { kind: 'run' }, common: Common, output: Output): Promise<number> {
  const leaving = new Leaving(world);
  let session: Session | undefined;
  let code: number;
  let printed = false;
  try {
    const prompter = new Prompter(world.stdin, world.stderr);
    const progress = common.quiet ? noProgress : progressView(world.stderr, world.clock);
    output.beforeNote = () => progress.clear();
    const home = homeFolder(world, common.home);
    session = new Session({ world, home, output, common, prompter, leaving, progress });
    const context = new Context({ world, common, output, prompter, leaving, home, session });
    const { run } = parsed.spec;
    if (run === undefined) throw usageError('A command is missing.', `Run: belay ${parsed.name} --help`);
    await refuseAbsentKeys(world, common);
    const result = await run(context, parsed.given);
    if (common.json) output.object(answered(parsed.name, result.data));
    else result.print(output);
    printed = true;
    code = result.exitCode ?? exits.ok;
    await result.stay?.();
  } catch (error) {
    const wire =
      isCancelled(error) && error instanceof Error
        ? ({ code: 'cancelled', message: error.message } as const)
        : inTypedWords(toWireError(error), parsed.spec, parsed.name);
    code = fail(output, { json: common.json && !printed }, parsed.name, wire);
    if (wire.code === 'cancelled') code = leaving.exitCode;
  }
  const wellEnded = session === undefined || (await letGo(session, leaving, output));
  leaving.end();
  // The answer is printed already; how the connection ended changes the exit code only where nothing else did.
  return wellEnded || code !== exits.ok ? code : exits.failed;
}

/** Lets the host go. Where this command is the host, it stays for as long as somebody else uses it, and says so. */
async function letGo(session: Session, leaving: Leaving, output: Output): Promise<boolean> {
  const stays = 'The host that this command started still has a client or a job; it stays until that has ended.';
  const notice = setTimeout(() => output.note(stays), 2000);
  notice.unref();
  leaving.onFirst = () => output.say(`${stays} Ctrl-C again ends it at once.`);
  try {
    await session.close();
    return true;
  } catch (error) {
    printError(output, toWireError(error));
    return false;
  } finally {
    clearTimeout(notice);
  }
}

function fail(output: Output, common: Pick<Common, 'json'>, command: string, error: WireError): number {
  if (common.json) output.object(failed(command, error));
  printError(output, error);
  return exitCodeOf(error.code);
}

async function parseWords(world: World): Promise<Parsed> {
  let argv = world.argv;
  let word = commandWord(argv);
  if (word === 'help') {
    const at = argv.indexOf(word);
    argv = [...argv.slice(0, at), ...argv.slice(at + 1), '--help'];
    word = commandWord(argv);
  }
  const asksForText = argv.some((each) => each === '-h' || each === '--help' || each === '-V' || each === '--version');
  if (word === undefined && !asksForText) {
    word = 'status';
    argv = [...argv, word];
  }
  // Help of what is no command would be the help of everything, as if all were well.
  if (word !== undefined && entryOf(word) === undefined) argv = argv.filter((each) => each !== '-h' && each !== '--help');
  const spec = await (word === undefined ? undefined : entryOf(word)?.load());
  return parse(argv, spec, world.version, world.stdout.isTTY === true ? columnsOf(world.stdout) : 100);
}

/** The common options of a line that was not parsed to its end (misuse, help): enough to answer in the form that was asked for. */
function guessedCommon(argv: readonly string[]): Common {
  const end = argv.indexOf('--');
  const words = end === -1 ? argv : argv.slice(0, end);
  return commonOf({
    json: words.includes('--json'),
    quiet: words.includes('--quiet') || words.includes('-q'),
    ...(words.includes('--no-color') ? { color: false } : {}),
  });
}
