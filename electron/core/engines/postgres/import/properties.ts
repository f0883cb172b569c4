import { readArchive } from '../archive/archive-file.ts';
import type { Dump } from './recognise.ts';

/** What a dump says of the database that it was taken from; what it does not say is undefined. */
export interface SaidProperties {
  readonly encoding?: string;
  readonly collate?: string;
  readonly ctype?: string;
  readonly provider?: string;
  readonly locale?: string;
}

/** Of a plain dump only what stands at its start is known: with `pg_dump -C` all, else the encoding. */
export async function propertiesOf(dump: Dump, path: string): Promise<SaidProperties> {
  if (dump.form === 'plain') return said(/^CREATE DATABASE .*$/m.exec(dump.start)?.[0] ?? '', dump.start);
  const { entries } = await readArchive(path, dump.form);
  const of = (what: string): string => entries.find((entry) => entry.what === what)?.definition?.toString('utf8') ?? '';
  return said(of('DATABASE'), of('ENCODING'));
}

function said(create: string, settings: string): SaidProperties {
  const value = (name: string): string | undefined =>
    new RegExp(`\\b${name} = (?:'([^']*)'|(\\w+))`)
      .exec(create)
      ?.slice(1)
      .find((one) => one !== undefined);
  const encoding = value('ENCODING') ?? /^SET client_encoding = '([^']+)';/m.exec(settings)?.[1];
  const lc = value('LOCALE');
  const [collate, ctype, provider, locale] = [
    value('LC_COLLATE') ?? lc,
    value('LC_CTYPE') ?? lc,
    value('LOCALE_PROVIDER'),
    value('ICU_LOCALE') ?? value('BUILTIN_LOCALE'),
  ];
  return {
    ...(encoding === undefined ? {} : { encoding }),
    ...(collate === undefined ? {} : { collate }),
    ...(ctype === undefined ? {} : { ctype }),
    ...(provider === undefined ? {} : { provider }),
    ...(locale === undefined ? {} : { locale }),
  };
}
