import { extname } from 'node:path';

/** `2026-11-20_0215`, `20261120T021500Z`, `2026-11-20`, `app-2026-11-20T02-15-00+0100`: a date, and perhaps a time and a zone. */
const pattern =
  /(?<![0-9])(?<year>(?:19|20)\d\d)[-_.]?(?<month>\d\d)[-_.]?(?<day>\d\d)(?:[T_ -]{1,2}(?<hour>\d\d)[-_:.h]?(?<minute>\d\d)(?:[-_:.m]?(?<second>\d\d))?(?:\.\d{1,9})?(?<zone>Z|[+-]\d\d:?\d\d)?)?(?![0-9])/;
const epoch = /(?<![0-9])(?<seconds>1[0-9]{9})(?<milliseconds>[0-9]{3})?(?![0-9])/;

/**
 * The time that a file's name says it was made, milliseconds since 1970, and the name without it and its ending. Times without a
 * zone are taken as UTC; a date alone as its first instant.
 */
export function timeInName(name: string): { readonly at?: number; readonly rest: string } {
  const stem = name.slice(0, name.length - extname(name).length) || name;
  const dated = pattern.exec(stem);
  const at = dated === null ? undefined : timeOf(dated.groups ?? {});
  if (dated !== null && at !== undefined) return { at, rest: without(stem, dated[0]) };
  const counted = epoch.exec(stem);
  if (counted === null) return { rest: stem };
  const { seconds = '0', milliseconds = '000' } = counted.groups ?? {};
  return { at: Number(seconds) * 1000 + Number(milliseconds), rest: without(stem, counted[0]) };
}

function timeOf(parts: Readonly<Record<string, string | undefined>>): number | undefined {
  const { year = '', month = '', day = '', hour = '00', minute = '00', second = '00', zone = 'Z' } = parts;
  const offset = zone === 'Z' ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
  const text = `${year}-${month}-${day}T${hour}:${minute}:${second}${offset}`;
  const at = Date.parse(text);
  if (Number.isNaN(at)) return undefined;
  // A day that the month does not have would be moved into the next one.
  return new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() === Number(day) ? at : undefined;
}

function without(stem: string, part: string): string {
  const rest = stem
    .replace(part, '')
    .replace(/[-_. ]+$/, '')
    .replace(/^[-_. ]+/, '')
    .replaceAll(/([-_. ])[-_. ]+/g, '$1');
  return rest === '' ? stem : rest;
}
