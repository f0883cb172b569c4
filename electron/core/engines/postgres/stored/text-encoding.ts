import { isAscii } from 'node:buffer';

/** Reads text as it lies in a database; undefined for bytes that are no text of its encoding. */
export type TextReader = (bytes: Uint8Array) => string | undefined;

/** Encodings of servers by the names of the web's standard, where both mean the same. */
const webNames: Readonly<Record<string, string>> = {
  UTF8: 'utf-8',
  // As far as it can be told: SQL_ASCII promises nothing.
  SQL_ASCII: 'utf-8',
  EUC_CN: 'gb2312',
  EUC_JP: 'euc-jp',
  EUC_KR: 'euc-kr',
  LATIN2: 'iso-8859-2',
  LATIN3: 'iso-8859-3',
  LATIN4: 'iso-8859-4',
  LATIN6: 'iso-8859-10',
  LATIN7: 'iso-8859-13',
  LATIN8: 'iso-8859-14',
  LATIN9: 'iso-8859-15',
  LATIN10: 'iso-8859-16',
  ISO_8859_5: 'iso-8859-5',
  ISO_8859_6: 'iso-8859-6',
  ISO_8859_7: 'iso-8859-7',
  ISO_8859_8: 'iso-8859-8',
  KOI8R: 'koi8-r',
  KOI8U: 'koi8-u',
  WIN866: 'ibm866',
  WIN874: 'windows-874',
  WIN1250: 'windows-1250',
  WIN1251: 'windows-1251',
  WIN1252: 'windows-1252',
  WIN1253: 'windows-1253',
  WIN1254: 'windows-1254',
  WIN1255: 'windows-1255',
  WIN1256: 'windows-1256',
  WIN1257: 'windows-1257',
  WIN1258: 'windows-1258',
};

/** Where Turkish Latin differs from the first one. */
const turkish: Readonly<Record<string, string>> = { Ð: 'Ğ', Ý: 'İ', Þ: 'Ş', ð: 'ğ', ý: 'ı', þ: 'ş' };

/**
 * The reader of an encoding by PostgreSQL's name of it. Of the encodings that have no reader here (EUC_TW, EUC_JIS_2004, MULE_INTERNAL) only what is
 * ASCII is read.
 */
export function textReader(encoding: string): TextReader {
  const latin = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  if (encoding === 'LATIN1') return latin;
  // The web takes both names for those of Windows, which put letters where these have controls.
  if (encoding === 'LATIN5') return (bytes) => latin(bytes).replaceAll(/[ÐÝÞðýþ]/g, (letter) => turkish[letter] ?? letter);
  const name = webNames[encoding];
  if (name === undefined) return (bytes) => (isAscii(bytes) ? latin(bytes) : undefined);
  const decoder = new TextDecoder(name, { fatal: true, ignoreBOM: true });
  return (bytes) => {
    try {
      return decoder.decode(bytes);
    } catch (error) {
      if (error instanceof TypeError) return undefined;
      throw error;
    }
  };
}
