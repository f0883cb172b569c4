import { expect, test } from 'vitest';
import { rolesOfStatement, parseGrants, parsePolicy } from '../../../electron/core/engines/postgres/choices/acl-text.ts';
import { schemaPattern, tablePattern } from '../../../electron/core/engines/postgres/patterns.ts';

test.each([
  ['app.orders', 'app', 'orders', true],
  ['App.Orders', 'app', 'orders', true],
  ['app.orders', 'app', 'Orders', false],
  ['orders', 'public', 'orders', true],
  ['orders', 'app', 'orders', false],
  ['*.orders', 'app', 'orders', true],
  ['app.order?', 'app', 'orders', true],
  ['app.*_log', 'app', 'a_log', true],
  ['app.*_log', 'app', 'a_logs', false],
  ['a.b$c+d', 'a', 'b$c+d', true],
  ['"A.b"."c*d"', 'A.b', 'c*d', true],
  ['"A.b"."c*d"', 'A.b', 'cxd', false],
  ['"say ""hi"""."x"', 'say "hi"', 'x', true],
  ['ü.😀', 'ü', '😀', true],
  ['my-app.day-*', 'my-app', 'day-1', true],
  ['"my-app"."a/b^-]"', 'my-app', 'a/b^-]', true],
  ['a.?', 'a', '😀', true],
  ['a.two*lines', 'a', 'two\nlines', true],
])('the pattern %s and %s.%s', (pattern, schema, name, matches) => {
  expect(tablePattern(pattern).matches(schema, name)).toBe(matches);
});

test.each(['', '.', 'a.', '.a', 'a.b.c', '"a', 'a"b', 'a\0'])('%j is no pattern', (text) => {
  expect(() => tablePattern(text)).toThrow(expect.objectContaining({ code: 'input.invalid' }) as Error);
});

test('a schema has one name', () => {
  expect(schemaPattern('tenant_*').matches('tenant_7')).toBe(true);
  expect(() => schemaPattern('a.b')).toThrow(expect.objectContaining({ code: 'input.invalid' }) as Error);
});

test('roles are read out of what the server and pg_dump write, whatever they are called', () => {
  expect(parseGrants('PUBLIC SELECT by "Ali, ce", "say ""by"" x" INSERT with grant option by app')).toEqual([
    { grantee: null, privilege: 'SELECT', grantable: false, grantor: 'Ali, ce' },
    { grantee: 'say "by" x', privilege: 'INSERT', grantable: true, grantor: 'app' },
  ]);
  expect(parsePolicy(`r; permissive; bob, "a; b"; (x <> '; y'::text)`)).toEqual({
    before: 'r; permissive; ',
    roles: ['bob', 'a; b'],
    after: `; (x <> '; y'::text)`,
  });
  expect(rolesOfStatement(`CREATE POLICY "a TO b" ON app."TO x" FOR SELECT TO bob, "Od d" USING ((a <> ' TO c'::text));\n`, 'TO')).toEqual({
    before: 'CREATE POLICY "a TO b" ON app."TO x" FOR SELECT TO ',
    roles: ['bob', 'Od d'],
    after: `USING ((a <> ' TO c'::text));\n`,
  });
  expect(rolesOfStatement('CREATE POLICY p ON app.t USING (true);\n', 'TO')).toBeUndefined();
});
