import fc from 'fast-check';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parseCompose } from '../../../electron/core/sources/folder/compose-file.ts';
import { parseConnectionUrl } from '../../../electron/core/sources/folder/connection-url.ts';
import { interpolate, parseDotenv } from '../../../electron/core/sources/folder/dotenv.ts';
import { parsePasswordFile, parseServiceFile, passwordFor, postgresEnvironment } from '../../../electron/core/sources/folder/postgres-files.ts';

const nothing = (): undefined => undefined;
const name = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,8}$/);

describe('.env', () => {
  it('is read as Compose and the dotenv libraries read it', () => {
    const text = `\uFEFF# a comment
A=plain value # and a comment
export B = "two\\nlines \\$A \${A}"
C='as $A is \\n'
D="over
two lines"
E=
F=a#b
G="\${MISSING:-\${A}}"
not an assignment
H=last\r
I="unclosed
J=still there`;
    expect(Object.fromEntries(parseDotenv(text, nothing))).toEqual({
      A: 'plain value',
      B: 'two\nlines $A plain value',
      C: 'as $A is \\n',
      D: 'over\ntwo lines',
      E: '',
      F: 'a#b',
      G: 'plain value',
      H: 'last',
      I: '"unclosed',
      J: 'still there',
    });
  });

  it('gives back any value that was written in quotes', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            name,
            fc.string().filter((value) => !value.includes('\r')),
          ),
          { maxLength: 5 },
        ),
        (pairs) => {
          const quote = (value: string): string => `"${value.replaceAll(/[\\"$]/g, (one) => `\\${one}`)}"`;
          const text = pairs.map(([key, value]) => `${key}=${quote(value)}\n`).join('');
          expect([...parseDotenv(text, nothing)]).toEqual([...new Map(pairs)]);
        },
      ),
    );
  });

  it('never fails, whatever is in the file', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('$', '{', '}', ':', '-', '"', "'", '\\', '\n', '=', '#', 'A', ' ') }),
        (text) => void parseDotenv(text, nothing),
      ),
    );
  });

  it('takes no longer for what is made to take long', () => {
    const [open, blanks] = ['${'.repeat(100_000), ' '.repeat(200_000)];
    expect(parseDotenv(`A=${open}\nB=x${blanks}y\nC=x${blanks}# a comment`, nothing)).toEqual(
      new Map([
        ['A', open],
        ['B', `x${blanks}y`],
        ['C', 'x'],
      ]),
    );
  });

  it.each([
    ['$A-${A}-$$A-${B:-x}-${E:-y}-${E-z}-${A:+w}-${B+v}-${A:?no}-${B?no}', 'a-a-$A-x-y--w--a-'],
    ['${B:-${C:-${A}}}', 'a'],
    ['100$ ${', '100$ ${'],
    ['${1}', '${1}'],
  ])('fills %s', (text, filled) => {
    expect(interpolate(text, (one) => ({ A: 'a', E: '' })[one])).toBe(filled);
  });
});

describe('DATABASE_URL', () => {
  const read = (text: string) => {
    const found = parseConnectionUrl(text);
    return found === undefined ? undefined : { ...found, password: found.password?.reveal() };
  };

  it.each([
    [
      'postgres://me:p%40ss@db.example:5433/shop?sslmode=require',
      { engine: 'postgres', hosts: [{ host: 'db.example', port: 5433 }], user: 'me', password: 'p@ss', database: 'shop', tls: true },
    ],
    ['postgresql+psycopg2://me:a@b#c/d@localhost/shop', undefined],
    ['postgresql+psycopg2://me:a@b#c@localhost/shop', { user: 'me', password: 'a@b#c', database: 'shop', hosts: [{ host: 'localhost', port: 5432 }] }],
    ['postgresql:///shop?host=/var/run/postgresql&user=me', { user: 'me', hosts: [{ host: '/var/run/postgresql', port: 5432 }], database: 'shop' }],
    ['postgres://me@%2Fvar%2Frun/shop', { hosts: [{ host: '/var/run', port: 5432 }] }],
    ['jdbc:postgresql://h/shop?user=me&password=pw', { user: 'me', password: 'pw' }],
    [
      'mongodb://a:1,b:2,[::1]:3/app?replicaSet=r&tls=true',
      {
        engine: 'mongodb',
        hosts: [
          { host: 'a', port: 1 },
          { host: 'b', port: 2 },
          { host: '::1', port: 3 },
        ],
        tls: true,
        lookedUp: false,
      },
    ],
    ['mongodb+srv://u:p@cluster.example/app', { lookedUp: true, tls: true, user: 'u', password: 'p' }],
    ['rediss://:pw@cache:6380/2', { engine: 'redis', hosts: [{ host: 'cache', port: 6380 }], user: undefined, password: 'pw', database: '2', tls: true }],
    ['redis://', { hosts: [{ host: 'localhost', port: 6379 }] }],
  ])('%s', (text, expected) => {
    // What nobody can read for certain is read as no database rather than as another one.
    if (expected === undefined) expect(read(text)?.hosts[0]?.host).not.toBe('d');
    else expect(read(text)).toMatchObject(expected);
  });

  it.each([
    '',
    'file:./dev.db',
    'sqlite:///x',
    'mysql://h/x',
    'postgres://h:99999/x',
    'postgres://h:0/x',
    'postgres://h h/x',
    'postgres',
    'https://example.org',
  ])('is none of ours: %s', (text) => {
    expect(parseConnectionUrl(text)).toBeUndefined();
  });

  it('gives back what was put into it, and never prints its password', () => {
    const part = fc.string({ minLength: 1 }).filter((text) => !/[\uD800-\uDFFF]/.test(text));
    fc.assert(
      fc.property(part, part, part, fc.integer({ min: 1, max: 65_535 }), (user, password, database, port) => {
        const url = `postgresql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@db.example:${String(port)}/${encodeURIComponent(database)}`;
        expect(read(url)).toMatchObject({ user, password, database, hosts: [{ host: 'db.example', port }] });
      }),
    );
    const found = parseConnectionUrl('postgres://me:S3CR3T@h/x');
    expect(inspect(found, { depth: 9 }) + JSON.stringify(found)).not.toContain('S3CR3T');
  });
});

describe('files of libpq', () => {
  it('a service file is read by its sections, the first of a name', () => {
    const text = '# mine\n[shop]\nhost=db.example\nport=5433\ndbname=a=b\nuser = kept out\npassword=pw\n\n[shop]\nhost=other\n[empty]\nldap://x\nport=99999\n';
    const found = parseServiceFile(text);
    expect([...found.keys()]).toEqual(['shop', 'empty']);
    expect(found.get('shop')).toMatchObject({ host: 'db.example', port: 5433, database: 'a=b', user: undefined });
    expect(found.get('shop')?.password?.reveal()).toBe('pw');
    expect(found.get('empty')).toMatchObject({ host: undefined, port: undefined, how: {} });
    const how = 'sslmode=verify-full\nsslrootcert=/ca.crt\nsslcert=/me.crt\nsslkey=/me.key\nconnect_timeout=3\noptions=-c x=1\n';
    expect(parseServiceFile(`[far]\nhost=h\n${how}`).get('far')?.how).toEqual({
      sslmode: 'verify-full',
      sslrootcert: '/ca.crt',
      sslcert: '/me.crt',
      sslkey: '/me.key',
      connect_timeout: '3',
    });
  });

  it('a password file gives the password of the first line that fits', () => {
    const entries = parsePasswordFile('# no\ndb\\:1:5432:shop:me:a\\:b\\\\c\nlocalhost:*:*:me:socket\nnonsense\n*:*:*:*:any\r\n');
    const of = (host: string, user = 'me') => passwordFor(entries, { host, port: 5432, database: 'shop', user })?.reveal();
    expect([of('db:1'), of('/var/run/postgresql'), of('/tmp'), of('elsewhere'), of('/srv/sockets'), of('db:1', 'you')]).toEqual([
      'a:b\\c',
      'socket',
      'socket',
      'any',
      'any',
      'any',
    ]);
    expect(inspect(entries, { depth: 9 })).not.toContain('socket');
  });

  it('escaping any fields and reading them gives them back', () => {
    const field = fc.string({ minLength: 1 }).filter((text) => !/[\r\n]/.test(text) && !text.startsWith('#') && text !== '*');
    fc.assert(
      fc.property(field, field, field, field, (host, database, user, password) => {
        const line = [host, '5432', database, user, password].map((text) => text.replaceAll(/[\\:]/g, (one) => `\\${one}`)).join(':');
        expect(passwordFor(parsePasswordFile(line), { host: host.startsWith('/') ? '/x' : host, port: 5432, database, user })?.reveal()).toBe(
          host.startsWith('/') ? undefined : password,
        );
      }),
    );
  });

  it('variables name a server only where one of those that do is set', () => {
    expect(postgresEnvironment((one) => ({ PGUSER: 'me', PGPASSWORD: 'x' })[one])).toBeUndefined();
    const found = postgresEnvironment((one) => ({ PGHOST: 'h', PGPORT: '1', PGUSER: 'me', PGDATABASE: '-rf', PGPASSWORD: 'x' })[one]);
    expect({ ...found, password: found?.password?.reveal() }).toEqual({
      host: 'h',
      port: 1,
      user: 'me',
      database: '-rf',
      password: 'x',
      service: undefined,
      how: {},
    });
  });
});

describe('compose.yaml', () => {
  const env = (one: string): string | undefined => ({ DB_PASSWORD: 'S3CR3T', TAG: '15-alpine', REDIS_PASSWORD: 'r' })[one];

  it('names its databases with ports and credentials, variables filled in', () => {
    const { databases, problems } = parseCompose(
      `name: shop
x-env: &env { POSTGRES_PASSWORD: "\${DB_PASSWORD:?set it}", POSTGRES_DB: shop }
services:
  db:
    image: postgres:\${TAG}
    environment: { <<: *env, POSTGRES_USER: me }
    ports: ["127.0.0.1:\${PORT:-5433}:5432"]
  cache:
    image: valkey/valkey:8
    environment: [REDIS_PASSWORD, "X=1"]
    ports: [6379]
  docs:
    image: mongo
    ports: [{ target: 27017, published: "27018" }, { target: 27017, published: 27019, protocol: udp }]
  web: { build: ., depends_on: [db], environment: { DATABASE_URL: "postgres://me@db/shop" } }
  odd: [not, a, service]
`,
      env,
    );
    expect(databases.map((one) => ({ ...one, password: one.password?.reveal() }))).toEqual([
      {
        project: 'shop',
        service: 'db',
        engine: 'postgres',
        image: 'postgres:15-alpine',
        published: { host: '127.0.0.1', port: 5433 },
        user: 'me',
        database: 'shop',
        password: 'S3CR3T',
      },
      {
        project: 'shop',
        service: 'cache',
        engine: 'redis',
        image: 'valkey/valkey:8',
        published: undefined,
        user: undefined,
        database: undefined,
        password: 'r',
      },
      {
        project: 'shop',
        service: 'docs',
        engine: 'mongodb',
        image: 'mongo',
        published: { host: '127.0.0.1', port: 27_018 },
        user: undefined,
        database: undefined,
        password: undefined,
      },
    ]);
    expect(problems).toEqual(['its service "odd" is of a form that is not known']);
    expect(inspect(databases, { depth: 9 })).not.toContain('S3CR3T');
  });

  it.each([
    ['5433:5432', { host: '127.0.0.1', port: 5433 }],
    ['0.0.0.0:5433:5432/tcp', { host: '127.0.0.1', port: 5433 }],
    ['[::1]:5433:5432', { host: '::1', port: 5433 }],
    ['127.0.0.1::5432', undefined],
    ['5433:5432/udp', undefined],
    ['5000-5010:5432', undefined],
  ])('reads the port %s', (text, published) => {
    expect(parseCompose(`services: { db: { image: postgres, ports: ["${text}"] } }`, nothing).databases[0]?.published).toEqual(published);
  });

  it('that is none, is broken, or would grow without end, is a problem and nothing more', () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
      .split('')
      .map((one, at) => `${one}: &${one} [${Array.from({ length: 9 }, () => `*${'abcdefgh'[at] ?? ''}`).join(',')}]`)
      .join('\n')}\nservices: {}`;
    for (const text of ['a: [', '- list', bomb, 'services: *nobody', 'password: "S3CR3T', `a: ${'['.repeat(10_000)}`]) {
      const { databases, problems } = parseCompose(text, nothing);
      expect(databases).toEqual([]);
      expect(problems).toEqual([expect.not.stringContaining('S3CR3T')]);
    }
    expect(parseCompose('services:', nothing)).toEqual({ databases: [], problems: [] });
  });
});
