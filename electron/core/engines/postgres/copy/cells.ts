import type { CellValue } from '../../engine.ts';

/** Type numbers that PostgreSQL never changes. */
const oids = { bool: 16, bytea: 17, int8: 20, int2: 21, int4: 23, oid: 26, float4: 700, float8: 701 } as const;

/** A value of PostgreSQL's text form as JSON can carry it: numbers where JSON's are exact, everything else as PostgreSQL writes it. */
export function cellOf(text: string | null, type: number): CellValue {
  if (text === null) return null;
  switch (type) {
    case oids.bool:
      return text === 't';
    case oids.int2:
    case oids.int4:
    case oids.oid:
      return Number(text);
    case oids.int8: {
      const number = Number(text);
      return Number.isSafeInteger(number) ? number : { $: 'int64', v: text };
    }
    case oids.float4:
    case oids.float8: {
      const number = Number(text);
      return Number.isFinite(number) && !Number.isInteger(number) ? number : { $: 'real', v: text };
    }
    case oids.bytea:
      return { $: 'blob', v: Buffer.from(text.slice(2), 'hex').toString('base64') };
    default:
      return text;
  }
}

const byName: Readonly<Record<string, number>> = {
  boolean: oids.bool,
  bytea: oids.bytea,
  bigint: oids.int8,
  smallint: oids.int2,
  integer: oids.int4,
  oid: oids.oid,
  real: oids.float4,
  'double precision': oids.float8,
};

/** The same by the type's name, as `format_type` gives it. */
export function cellOfType(text: string, type: string): CellValue {
  return cellOf(text, byName[type] ?? 0);
}

/** For people: short, text quoted as in SQL. */
export function shownText(text: string | null): string {
  if (text === null) return 'NULL';
  return `'${text.length > 80 ? `${text.slice(0, 80)}…` : text}'`;
}
