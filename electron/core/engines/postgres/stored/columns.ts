import type { Fingerprint, FingerprintItem } from '../../engine.ts';

/** A column as it was when it was captured. */
export interface StoredColumn {
  readonly name: string;
  /** As the server writes it, with its modifiers: `numeric(10,2)`; empty where the snapshot does not say. */
  readonly type: string;
  /** What a value of it is, without modifiers and whatever domains stand between: `numeric`. */
  readonly base: string;
  /** Where its field is in a line. */
  readonly field: number;
}

/** The stored columns of a table, in the order in which the table has them. */
export function columnsOf(fingerprint: Fingerprint, table: string, fields: readonly string[]): readonly StoredColumn[] {
  const described = describedColumns(fingerprint.items.find((item) => item.kind === 'definition' && item.name === table));
  const domains = domainsOf(fingerprint);
  const placeOf = (name: string): number => described.get(name)?.position ?? Number.MAX_SAFE_INTEGER;
  return fields
    .map((name, field) => {
      const type = described.get(name)?.type ?? '';
      return { name, type, base: baseOf(type, domains), field };
    })
    .toSorted((a, b) => placeOf(a.name) - placeOf(b.name) || a.field - b.field);
}

interface Described {
  readonly type?: string;
  readonly position?: number;
}

function describedColumns(item: FingerprintItem | undefined): ReadonlyMap<string, Described> {
  const columns: unknown = item?.meta?.['columns'];
  const list: readonly unknown[] = Array.isArray(columns) ? columns : [];
  return new Map(
    list.flatMap((one): readonly (readonly [string, Described])[] => {
      if (typeof one !== 'object' || one === null || !('name' in one) || typeof one.name !== 'string') return [];
      const type = 'type' in one && typeof one.type === 'string' ? { type: one.type } : {};
      const position = 'position' in one && typeof one.position === 'number' ? { position: one.position } : {};
      return [[one.name, { ...type, ...position }]];
    }),
  );
}

/** `domain; numeric(10,2); not null` */
function domainsOf(fingerprint: Fingerprint): ReadonlyMap<string, string> {
  return new Map(
    fingerprint.items.flatMap((item) => {
      const value = item.meta?.['value'];
      const [kind, base] = item.kind === 'type' && typeof value === 'string' ? value.split('; ') : [];
      return kind === 'domain' && base !== undefined ? [[item.name, base] as const] : [];
    }),
  );
}

function baseOf(type: string, domains: ReadonlyMap<string, string>): string {
  let base = type;
  // A domain may be of another one, never of itself.
  for (let next = domains.get(base); next !== undefined; next = domains.get(base)) base = next;
  return base.endsWith(']') ? base : base.replace(/\([^()]*\)/, '');
}
