import { AppError } from '../core/app/faces.ts';
import type { Choices } from '../contract/choices.ts';
import { given, type Given, type OptionSpec } from './spec.ts';

export const acceptOption: OptionSpec = {
  flags: '--accept-inconclusive',
  description: 'put the copy in place also where not all of it could be compared; else it is held, and `belay promote` decides',
};

/** Options that choose, before anything is written, what becomes of that which the target's server lacks. */
export const choiceOptions: readonly OptionSpec[] = [
  {
    flags: '--role <old=new>',
    description: 'PostgreSQL: this role stands for that of the snapshot, as owner and in grants; may be repeated',
    many: true,
    field: 'choices',
  },
  { flags: '--create-roles', description: 'PostgreSQL: make missing roles, without a right to log in; taken back with the restore', field: 'choices' },
  { flags: '--no-owner', description: 'PostgreSQL: everything belongs to the role that restores; what names missing roles is left out', field: 'choices' },
  { flags: '--no-grants', description: 'PostgreSQL: restore no grant', field: 'choices' },
  { flags: '--skip-extension <name>', description: 'PostgreSQL: leave out an extension that nothing needs; may be repeated', many: true, field: 'choices' },
  { flags: '--accept-part', description: 'PostgreSQL: a snapshot of a part may take the place of the whole database', field: 'choices' },
  {
    flags: '--tablespace <old=new>',
    description: 'PostgreSQL: what lay in this tablespace of the snapshot goes into that of the server; may be repeated',
    many: true,
    field: 'choices',
  },
  { flags: '--no-tablespaces', description: 'PostgreSQL: everything else into the default tablespace', field: 'choices' },
];

/** Options that choose what of a snapshot is restored. */
export const onlyOptions: readonly OptionSpec[] = [
  {
    flags: '--table <pattern>',
    description: 'PostgreSQL: only these tables and what they need, as schema.name with * and ?; may be repeated',
    many: true,
    field: 'choices',
  },
  { flags: '--schema <pattern>', description: 'PostgreSQL: only these schemas; may be repeated', many: true, field: 'choices' },
];

/** Names of the options, as `refuseTogether` takes them. */
const lists: readonly string[] = ['role', 'skipExtension', 'tablespace', 'table', 'schema'];
export const choiceNames: readonly string[] = [
  'table',
  'schema',
  'role',
  'createRoles',
  'noOwner',
  'noGrants',
  'skipExtension',
  'tablespace',
  'noTablespaces',
  'acceptPart',
];

/** `{ choices }` where one was made. Throws `input.invalid` for a pair that is none. */
export function choicesOf(input: Given): { readonly choices?: Choices } {
  if (!choiceNames.some((name) => (lists.includes(name) ? input.list(name).length > 0 : input.has(name)))) return {};
  const roles = input.list('role').map((text) => pairOf(text, '--role', 'app=app_dev'));
  const tablespaces = input.list('tablespace').map((text) => pairOf(text, '--tablespace', 'fast=pg_default'));
  const [tables, schemas] = [[...input.list('table')], [...input.list('schema')]];
  const skipExtensions = [...input.list('skipExtension')];
  return {
    choices: {
      ...given('roles', roles.length === 0 ? undefined : Object.fromEntries(roles)),
      ...given(
        'only',
        tables.length + schemas.length === 0
          ? undefined
          : { ...given('tables', tables.length === 0 ? undefined : tables), ...given('schemas', schemas.length === 0 ? undefined : schemas) },
      ),
      ...given('createRoles', input.flag('createRoles') ? true : undefined),
      ...given('noOwner', input.unlessNo('owner') ? undefined : true),
      ...given('noGrants', input.unlessNo('grants') ? undefined : true),
      ...given('skipExtensions', skipExtensions.length === 0 ? undefined : skipExtensions),
      ...given('tablespaces', tablespaces.length === 0 ? undefined : Object.fromEntries(tablespaces)),
      ...given('acceptPart', input.flag('acceptPart') ? true : undefined),
      ...given('noTablespaces', input.unlessNo('tablespaces') ? undefined : true),
    },
  };
}

/** `app=app_dev`; a name may hold what it likes but the first `=`. */
function pairOf(text: string, option: string, example: string): readonly [string, string] {
  const at = text.indexOf('=');
  if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)];
  throw new AppError('input.invalid', `${option} ${text} names no two of them.`, {
    hint: `Give the captured one and the one of the target: ${option} ${example}`,
  });
}
