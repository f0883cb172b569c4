import { ago, duration, size } from '../output/format.ts';
import { styled } from '../output/style.ts';
import { engineTitle, environmentBadge, locationOf, warningLines } from '../output/views.ts';
import { secretFromFile } from '../secrets.ts';
import { AppError, commandLine, counted } from '../../core/app/faces.ts';
import type { Context } from '../context.ts';
import { namingVariables } from '../naming-variables.ts';
import { milliseconds } from '../periods.ts';
import { given } from '../spec.ts';
import { partOf, partOptions } from '../part-options.ts';
import type { CommandSpec, Given } from '../spec.ts';
import type { CommandInput } from '../../contract/commands.ts';

const add: CommandSpec = {
  name: 'add',
  summary: 'add a source',
  description:
    'A password is kept in the keychain or the encrypted file, never with the source. In a file or in DATABASE_URL it is seen by nobody; on the command line\nother users of the machine see it.',
  arguments: [
    {
      name: '<path>',
      description: 'a SQLite database file, postgres://user@host:5432/database, docker://container/database, or env:DATABASE_URL',
      complete: 'file',
    },
  ],
  options: [
    { flags: '--name <name>', description: 'name of the source (default: from the file)' },
    { flags: '--environment <environment>', description: 'what a mistake would cost (default: dev)', choices: ['dev', 'test', 'staging', 'production'] },
    { flags: '--project <project>', description: 'sources that belong together' },
    {
      flags: '--attached <name=file>',
      description: 'another file that the application attaches under that name, captured with it; may be repeated',
      many: true,
    },
    { flags: '--password-file <file>', description: 'PostgreSQL: a file that holds the password and nothing else', complete: 'file' },
    { flags: '--restore-user <role>', description: 'PostgreSQL: the role that restores, where the one in the address only reads' },
    { flags: '--restore-password-file <file>', description: 'PostgreSQL: a file that holds its password', complete: 'file' },
    ...partOptions,
    { flags: '--dry-run', description: 'look whether it could be added; nothing is kept' },
  ],
  examples: [
    { line: 'belay source add ./dev.db', what: 'named after the file' },
    { line: 'belay source add postgres://app@localhost/shop --password-file ./pw', what: 'a database of a PostgreSQL server' },
    { line: 'belay source add docker://shop-db-1', what: 'a database in a container: role, database and password as it was made with' },
    { line: 'belay source add env:DATABASE_URL', what: 'the URL in that variable, of the environment or of .env, its password with it' },
    { line: 'belay source add postgres:///', what: 'as PGHOST, PGSERVICE and the like say' },
    {
      line: "belay source add postgres://app@localhost/shop --schema 'tenant_*' --schema-only-table app.events",
      what: 'a part of it, which is never called whole',
    },
    { line: 'belay source add /srv/shop/shop.sqlite --name shop --environment production', what: 'a restore into it will ask for its name' },
  ],
  run: async (context, input) => {
    const data = await context.call('sources.add', {
      ...given('name', input.text('name')),
      ...given('environment', environmentOf(input.text('environment'))),
      ...given('project', input.text('project')),
      ...(isPostgres(input.required(0)) ? await serverLocation(context, input) : fileLocation(context, input)),
      baseFolder: context.world.cwd,
      variables: { ...namingVariables(context.world.env), ...namedVariable(context, input.required(0)) },
      dryRun: input.flag('dryRun'),
    });
    return {
      data,
      print: (output) => {
        const { source, probe } = data;
        output.line(
          `${source.name} ${input.flag('dryRun') ? 'could be added' : 'is a source now'}: ${locationOf(source)}${probe === undefined ? '' : ` (${size(probe.bytes)}, ${engineTitle(source.engine)} ${probe.serverVersion})`}`,
        );
        const twice = (data.alsoSource ?? []).map(
          (other) => `${source.name} and ${other} are one database by two names: a rewind of one is a rewind of the other`,
        );
        output.lines(warningLines([...twice, ...(probe?.warnings ?? [])]));
        if (input.flag('dryRun')) output.line('Dry run: nothing was kept.');
        else output.line(`Next: ${styled('act', commandLine('snap', [source.name]))}`);
      },
    };
  },
};

const list: CommandSpec = {
  name: 'list',
  summary: 'list the sources',
  examples: [{ line: 'belay source list', what: 'every source and where it lies' }],
  run: async (context) => {
    const data = await context.call('sources.list', {});
    return {
      data,
      print: (output) => {
        if (data.sources.length === 0) output.line(`No source yet. Next: ${styled('act', 'belay source add <file>')}, or ${styled('act', 'belay discover')}`);
        else
          output.table(
            [
              { title: 'source', least: 8 },
              { title: 'engine' },
              { title: 'environment' },
              { title: 'project', least: 6 },
              { title: 'added' },
              { title: 'where', least: 12 },
            ],
            data.sources.map((source) => [
              source.name,
              source.engine,
              environmentBadge(source.environment),
              source.project ?? '',
              ago(source.addedAt, context.now),
              locationOf(source),
            ]),
          );
      },
    };
  },
};

const set: CommandSpec = {
  name: 'set',
  summary: "change a source's environment and targets",
  description: 'What is not named stays as it is. Without targets of its own a source has those of its environment: 24 h and 4 h, none for dev.',
  arguments: [{ name: '<source>', description: 'name of the source', complete: 'source' }],
  options: [
    { flags: '--environment <environment>', description: 'what a mistake would cost', choices: ['dev', 'test', 'staging', 'production'] },
    { flags: '--rpo <time>', description: 'how old its newest snapshot may be, e.g. 24h; none: it is not asked; environment: as its environment has it' },
    { flags: '--rto <time>', description: 'how long its restore may take, e.g. 4h; none: it is not asked; environment: as its environment has it' },
  ],
  examples: [
    { line: 'belay source set shop --environment production', what: 'a restore into it will ask for its name' },
    { line: 'belay source set shop --rpo 5m --rto 30m', what: 'the targets that it is held against' },
  ],
  run: async (context, input) => {
    const rpoMs = targetOf(input, 'rpo');
    const rtoMs = targetOf(input, 'rto');
    const environment = environmentOf(input.text('environment'));
    const targets = rpoMs === undefined && rtoMs === undefined ? undefined : { ...given('rpoMs', rpoMs), ...given('rtoMs', rtoMs) };
    if (environment === undefined && targets === undefined)
      throw new AppError('input.invalid', 'Nothing to change was named.', { hint: 'Give --environment, --rpo or --rto.' });
    const data = await context.call('sources.change', { name: input.required(0), ...given('environment', environment), ...given('targets', targets) });
    return {
      data,
      print: (output) => {
        const words = (target: number | null): string => (target === null ? 'none' : duration(target));
        output.facts([
          ['source', `${data.source.name} (${data.source.environment})`],
          ['newest snapshot at most', words(data.targets.rpoMs)],
          ['restore within', words(data.targets.rtoMs)],
        ]);
      },
    };
  },
};

function targetOf(input: Given, option: 'rpo' | 'rto'): number | 'environment' | null | undefined {
  const text = input.text(option);
  if (text === undefined || text === 'environment') return text;
  return text === 'none' ? null : milliseconds(text, `--${option}`);
}

const remove: CommandSpec = {
  name: 'remove',
  summary: 'remove a source; its snapshots stay',
  arguments: [{ name: '<source>', description: 'name of the source', complete: 'source' }],
  examples: [{ line: 'belay source remove shop', what: 'nothing of the database and none of its snapshots is touched' }],
  run: async (context, input) => {
    const data = await context.call('sources.remove', { name: input.required(0) });
    return {
      data,
      print: (output) => {
        const { removed, snapshotsKept } = data;
        output.line(
          `${removed.name} is no source any more. ${snapshotsKept === 0 ? 'It had no snapshot.' : `What stays: ${counted(snapshotsKept, 'snapshot')}.`}`,
        );
        if (snapshotsKept > 0)
          output.line(`To see them: ${styled('act', commandLine('list', [removed.name]))}, to drop one: ${styled('act', 'belay forget <snapshot>')}`);
        for (const { id, kept, what } of data.undoKept ?? [])
          output.line(`An old copy stays, for undo of a ${what}: ${kept}. To drop it: ${styled('act', commandLine('undo', [id], ['--discard']))}`);
        for (const { id, target } of data.held ?? [])
          output.line(`A held copy stays beside ${target}. To drop it: ${styled('act', commandLine('discard', [id]))}`);
        for (const id of data.checkpoints ?? [])
          output.line(
            `The checkpoint ${id} stays where the source is. To drop it add the source again: ${styled('act', commandLine('checkpoint drop', [removed.name, id]))}`,
          );
        if (data.passwordForgotten === true && (data.undoKept ?? []).length + (data.held ?? []).length > 0)
          output.line('Its password is forgotten: where one is asked for, these copies are reached again once the source was added anew.');
      },
    };
  },
};

const test: CommandSpec = {
  name: 'test',
  summary: 'connect to a source and say what is there',
  arguments: [{ name: '<source>', description: 'name of the source', complete: 'source' }],
  examples: [{ line: 'belay source test shop', what: 'version, size, tools, and how consistent a snapshot would be' }],
  run: async (context, input) => {
    const data = await context.call('sources.test', { name: input.required(0) });
    return {
      data,
      print: (output) => {
        output.facts([
          ['source', `${data.source.name} (${data.source.environment})`],
          ['where', locationOf(data.source)],
          ['version', data.serverVersion],
          ['size', size(data.bytes)],
          ['consistency', data.consistency],
          ...data.facts.map((fact) => [fact.name, fact.value] as const),
          ...data.tools.map((tool) => [`tool ${tool.tool}`, `${tool.version} (${tool.origin})`] as const),
        ]);
        output.lines(warningLines(data.warnings));
      },
    };
  },
};

export const source: CommandSpec = {
  name: 'source',
  summary: 'add, list, change, test or remove what can be snapshotted',
  examples: [
    { line: 'belay source add ./dev.db', what: 'add one' },
    { line: 'belay source list', what: 'see them all' },
  ],
  commands: [add, list, set, remove, test],
};

type Place = Pick<CommandInput<'sources.add'>, 'engine' | 'location'>;

function isPostgres(text: string): boolean {
  return /^(?:postgres(?:ql)?|docker):\/\//i.test(text) || variableIn(text) !== undefined;
}

/** `DATABASE_URL` of `env:DATABASE_URL`, `DATABASE_URL@.env` of `env:DATABASE_URL@.env`. */
function variableIn(text: string): string | undefined {
  return /^env:(.+)$/s.exec(text)?.[1];
}

/** The variable that is named, whatever it is called. */
function namedVariable(context: Context, text: string): Readonly<Record<string, string>> {
  const name = variableIn(text);
  const value = name === undefined ? undefined : context.world.env[name];
  return name === undefined || value === undefined ? {} : { [name]: value };
}

function fileLocation(context: Context, input: Given): Place {
  const attached = input.list('attached').map((text) => attachedFile(context, text));
  if (Object.keys(partOf(input)).length > 0)
    throw new AppError('input.invalid', 'A part is captured of PostgreSQL only. Nothing was added.', { hint: 'Leave out --schema, --table and the like.' });
  return { location: { path: context.absolute(input.required(0)), ...(attached.length === 0 ? {} : { attached }) } };
}

async function serverLocation(context: Context, input: Given): Promise<Place> {
  const secret = async (option: string, what: string): Promise<string | undefined> => {
    const file = input.text(option);
    return file === undefined ? undefined : secretFromFile(context.world, context.output, file, what);
  };
  const place = input.required(0);
  const variable = variableIn(place);
  const location = {
    ...(variable === undefined ? { url: place } : { variable }),
    ...partOf(input),
    ...given('password', await secret('passwordFile', 'The password')),
    ...given('restoreUser', input.text('restoreUser')),
    ...given('restorePassword', await secret('restorePasswordFile', 'The password of the role that restores')),
  };
  return { engine: 'postgres', location };
}

/** `logs=./logs.db`. */
function attachedFile(context: Context, text: string): { name: string; path: string } {
  const at = text.indexOf('=');
  if (at <= 0) throw new AppError('input.invalid', `--attached ${text} names no file.`, { hint: 'Give a name and a file: --attached logs=./logs.db' });
  return { name: text.slice(0, at), path: context.absolute(text.slice(at + 1)) };
}

const environments = ['dev', 'test', 'staging', 'production'] as const;

function environmentOf(text: string | undefined): (typeof environments)[number] | undefined {
  if (text === undefined) return undefined;
  const known = environments.find((environment) => environment === text);
  if (known === undefined) throw new AppError('input.invalid', `${text} is not an environment.`, { hint: `Choose one of ${environments.join(', ')}.` });
  return known;
}
