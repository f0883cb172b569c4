import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { forOneRole, type ScriptNotes } from '../../../electron/core/engines/postgres/import/plain-script.ts';

async function filtered(text: string, pieces = 1 << 20): Promise<{ readonly text: string; readonly notes: ScriptNotes }> {
  const bytes = Buffer.from(text, 'latin1');
  const notes: ScriptNotes = { owners: 0, ended: false };
  const parts: Uint8Array[] = [];
  const input = async function* (): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += pieces) yield bytes.subarray(at, at + pieces);
  };
  for await (const part of forOneRole(input(), notes)) parts.push(Buffer.from(part));
  return { text: Buffer.concat(parts).toString('latin1'), notes };
}

const end = '--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict abc\n\n';

const kept = String.raw`SET client_encoding = 'UTF8';
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $_$ BEGIN
GRANT SELECT ON t TO PUBLIC;
ALTER TABLE t OWNER TO x;
\connect elsewhere
\restrict no
COPY t FROM stdin;
END $_$;
COMMENT ON TABLE t IS 'it''s;
GRANT ALL ON t TO y;
';
COMMENT ON TABLE u IS E'a\';
REVOKE ALL ON t FROM y;
';
CREATE TABLE "a
ALTER TABLE x OWNER TO y;
" (v int);
/* outer /* inner */
GRANT SELECT ON t TO PUBLIC;
*/
CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO u VALUES (1);
GRANT SELECT ON t TO PUBLIC;
);
SELECT a$b$, 'x' FROM t; -- it's
COPY t (a, b) FROM stdin;
GRANT SELECT ON t TO PUBLIC;
\connect elsewhere
it's $$ "
\.x
\\.
\.
SELECT 1;
`;

describe('a plain dump, made ready for a role without rights', () => {
  test('keeps literals, bodies, names, comments and rows as they are, however they are cut', async () => {
    const all = `${kept}${end}`;
    for (const pieces of [1, 2, 3, 7, 64, 1 << 20]) {
      const found = await filtered(all, pieces);
      expect(found.text, String(pieces)).toBe(all.replace('\\unrestrict abc\n', ''));
      expect(found.notes).toEqual({ owners: 0, ended: true });
    }
  });

  test('leaves out owners, grants, the database itself, and what psql would take for a change of place', async () => {
    const script = `\\restrict key\nCREATE DATABASE a WITH TEMPLATE = template0;\nALTER DATABASE a OWNER TO boss;\n\\unrestrict key\n\\connect a\n\\restrict key\nCREATE TABLE t (v int);
ALTER TABLE public.t OWNER TO "o;w";\nGRANT SELECT ON TABLE public.t TO reader;\nALTER DEFAULT PRIVILEGES FOR ROLE x GRANT SELECT ON TABLES TO y;\nALTER ROLE x IN DATABASE a SET search_path TO 'b';\nCOMMENT ON DATABASE a IS 'x';
REVOKE ALL ON SCHEMA public FROM PUBLIC;\n${end}`;
    const found = await filtered(script);
    expect(found.text).toBe(`CREATE TABLE t (v int);\n${end.replace('\\unrestrict abc\n', '')}`);
    expect(found.notes).toEqual({ owners: 4, ended: true });
  });

  test('leaves out what is dropped before anything is made, and what older servers do not know', async () => {
    const script = `SET transaction_timeout = 0;\nALTER TABLE ONLY public.t DROP CONSTRAINT t_pkey;\nALTER TABLE public.t ALTER COLUMN id DROP DEFAULT;\nDROP TABLE public.t;
SELECT pg_catalog.lo_unlink('16');\nDROP VIEW IF EXISTS public."v
w";\nCREATE TABLE t (v int);\nDROP TABLE u;\n${end}`;
    expect((await filtered(script)).text).toBe(
      `DROP VIEW IF EXISTS public."v\nw";\nCREATE TABLE t (v int);\nDROP TABLE u;\n${end.replace('\\unrestrict abc\n', '')}`,
    );
  });

  test('reads lines as Windows ends them, however they are cut', async () => {
    const script = `\\restrict key\nCREATE TABLE t (v text);\nALTER TABLE t OWNER TO x;\nCOPY t FROM stdin;\nGRANT SELECT ON t TO PUBLIC;\n\\.\nGRANT SELECT ON t TO PUBLIC;\n${end}`;
    const left = `CREATE TABLE t (v text);\nCOPY t FROM stdin;\nGRANT SELECT ON t TO PUBLIC;\n\\.\n${end.replace('\\unrestrict abc\n', '')}`;
    for (const pieces of [1, 2, 3, 5, 1 << 20]) {
      const found = await filtered(script.replaceAll('\n', '\r\n'), pieces);
      expect(found).toEqual({ text: left.replaceAll('\n', '\r\n'), notes: { owners: 2, ended: true } });
    }
  });

  test('tells whether its end is there', async () => {
    expect((await filtered(`SELECT 1;\n${end}`)).notes.ended).toBe(true);
    for (const cut of [
      'SELECT 1;\n',
      `${end}SELECT 1;\n`,
      'COPY t FROM stdin;\n1\n-- PostgreSQL database dump complete\n',
      "SELECT '\n-- PostgreSQL database dump complete\n",
    ])
      expect((await filtered(cut)).notes.ended, cut).toBe(false);
  });

  test('refuses several databases in one', async () => {
    await expect(filtered('\\connect a\nSELECT 1;\n\\connect b\n')).rejects.toMatchObject({ code: 'source.unsupported' });
    await expect(filtered('--\n-- PostgreSQL database cluster dump\n--\n')).rejects.toMatchObject({ code: 'source.unsupported' });
    await expect(filtered("SET client_encoding = 'SJIS';\n")).rejects.toMatchObject({ code: 'source.unsupported' });
  });

  test('passes any rows', async () => {
    const row = fc
      .string({ unit: fc.constantFrom('\\', '.', "'", '$', '"', ';', '-', 'N', '\t', '/', '*', '\u00e4'), maxLength: 8 })
      .filter((one) => one !== '\\.');
    await fc.assert(
      fc.asyncProperty(fc.array(row), fc.integer({ min: 1, max: 9 }), async (rows, pieces) => {
        const script = `COPY t FROM stdin;\n${rows.map((one) => `${one}\n`).join('')}\\.\n${end.replace('\\unrestrict abc\n', '')}`;
        const found = await filtered(script, pieces);
        expect(found.text).toBe(script);
        expect(found.notes.ended).toBe(true);
      }),
    );
  });
});
