import { AppError } from '../../../base/errors.ts';
import type { EngineContext } from '../../engine.ts';
import type { DatabaseProperties } from '../describe/database.ts';
import type { PostgresLocation } from '../location.ts';
import { makeScratch } from '../restore/scratch.ts';
import { withServer } from '../session/session.ts';
import type { SaidProperties } from './properties.ts';

interface Template {
  readonly encoding: string;
  readonly collate: string;
  readonly ctype: string;
}

/** A scratch database with the encoding and locale that a dump names, the server's own where it names none; `C`, with a warning, where the server does not know the locale. */
export async function makeLike(place: PostgresLocation, said: SaidProperties, context: EngineContext): Promise<readonly string[]> {
  const [template] = await withServer(place, context, (server) =>
    server.rows<Template>(
      `SELECT pg_catalog.pg_encoding_to_char(encoding) AS encoding, datcollate AS collate, datctype AS ctype FROM pg_catalog.pg_database WHERE datname = 'template0'`,
    ),
  );
  const encoding = said.encoding ?? template?.encoding ?? 'UTF8';
  const own = template?.encoding === encoding ? template : { collate: 'C', ctype: 'C' };
  const like = {
    ...unsaid,
    encoding,
    collate: said.collate ?? own.collate,
    ctype: said.ctype ?? own.ctype,
    provider: said.provider ?? 'libc',
    locale: said.locale ?? null,
  };
  try {
    await makeScratch(place, like, context);
    return [];
  } catch (error) {
    const state = error instanceof AppError ? error.details?.['sqlstate'] : undefined;
    if (typeof state !== 'string' || !/^(?:22|42)/.test(state) || state === '42501') throw error;
    await makeScratch(place, { ...unsaid, encoding, collate: 'C', ctype: 'C' }, context);
    return [`the server does not know the locale of the file (${said.collate ?? said.locale ?? own.collate}): text is ordered by its bytes`];
  }
}

const unsaid: DatabaseProperties = {
  ...{ encoding: 'UTF8', collate: 'C', ctype: 'C', provider: 'libc', locale: null, icuRules: null, owner: '', acl: null, connectionLimit: -1, comment: null },
  ...{ settings: [], roleSettings: [], public: null, searchPath: '' },
};
