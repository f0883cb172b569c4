import { expect, test } from 'vitest';
import { rolesIn, superuserOf } from '../../../electron/core/engines/postgres/throw-away/roles.ts';
import type { Facts } from '../../../electron/core/engines/postgres/restore/objects.ts';

const text = `--
CREATE ROLE app;
ALTER ROLE app WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB LOGIN NOREPLICATION NOBYPASSRLS;
ALTER ROLE app SET search_path TO 'x';
CREATE ROLE "Odd ""one""";
ALTER ROLE "Odd ""one""" WITH SUPERUSER NOINHERIT CREATEROLE CREATEDB LOGIN NOREPLICATION BYPASSRLS PASSWORD 'WITH SUPERUSER' VALID UNTIL 'infinity';
GRANT readers TO app WITH INHERIT FALSE GRANTED BY boss;
GRANT "Odd ""one""" TO app WITH ADMIN OPTION, INHERIT TRUE GRANTED BY boss;
GRANT pg_read_all_data TO "Odd ""one""";
GRANT SET ON PARAMETER work_mem TO app;
`;

test('what pg_dumpall says of roles is read as far as it decides what their views and functions may do', () => {
  expect(Object.fromEntries(rolesIn(text))).toEqual({
    app: {
      attributes: [],
      memberOf: [
        { role: 'readers', inherits: false },
        { role: 'Odd "one"', inherits: true },
      ],
    },
    'Odd "one"': { attributes: ['SUPERUSER', 'NOINHERIT', 'CREATEROLE', 'CREATEDB', 'BYPASSRLS'], memberOf: [{ role: 'pg_read_all_data', inherits: true }] },
  });
});

test('who restores is called as a captured superuser, the owner first', () => {
  const facts = (owner: string): Facts => ({ database: { owner }, roles: ['app', 'Odd "one"'] }) as Facts;
  expect(superuserOf(rolesIn(text), facts('app'))).toBe('Odd "one"');
  expect(superuserOf(rolesIn(text.replace('NOSUPERUSER', 'SUPERUSER')), facts('app'))).toBe('app');
  expect(superuserOf(new Map(), facts('app'))).toBe('postgres');
});
