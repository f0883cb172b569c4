import type { Expectation, Fingerprint, FingerprintItem } from '../../engine.ts';
import { sortItems } from '../../fingerprint.ts';
import { labelled, sha256 } from '../describe/item.ts';
import { rowSum } from '../copy/row-sum.ts';
import type { Selection } from '../choices/select.ts';

const ofRelations: ReadonlySet<string> = new Set(['definition', 'view', 'materialized view', 'sequence', 'sequence value', 'table', 'generated columns']);
const ofTables: ReadonlySet<string> = new Set(['index', 'tablespace', 'constraint', 'trigger', 'rule', 'policy']);
const rights: ReadonlySet<string> = new Set(['owner', 'grants', 'comment', 'security label']);

/**
 * What a copy of some of a snapshot must be: everything of the chosen tables and views, but for what was left out; of all else that is there, what the
 * snapshot has of it.
 */
export function expectedOf(selection: Selection, whole: Expectation, found: Fingerprint): Expectation {
  const items = new Map<string, FingerprintItem>();
  const stored = new Map(whole.fingerprint.items.map((item) => [keyOf(item), item]));
  for (const item of whole.fingerprint.items) if (isChosen(item, selection)) items.set(keyOf(item), withoutRows(item, selection));
  for (const item of found.items) {
    const same = stored.get(keyOf(item));
    if (same !== undefined && !items.has(keyOf(item))) items.set(keyOf(item), withoutRows(same, selection));
  }
  return { fingerprint: { version: 1, items: sortItems([...items.values()]) }, notes: [...selection.notes, ...whole.notes] };
}

function keyOf(item: { readonly kind: string; readonly name: string }): string {
  return `${item.kind}\0${item.name}`;
}

/** A table that came along has no rows. */
function withoutRows(item: FingerprintItem, { along, chosen }: Selection): FingerprintItem {
  if (!along.has(item.name) || chosen.has(item.name)) return item;
  if (item.kind === 'table') return { ...item, ...rowSum().end() };
  return item.kind === 'generated columns' ? { ...item, hash: sha256('0') } : item;
}

function isChosen(item: FingerprintItem, { chosen, lost }: Selection): boolean {
  if (ofRelations.has(item.kind)) return chosen.has(item.name);
  const table = item.meta?.['table'];
  if (ofTables.has(item.kind) && typeof table === 'string') {
    const of = chosen.get(table);
    if (of === undefined) return false;
    const sub = item.name.slice(table.length + 1);
    const part = sub.startsWith('"') ? String(JSON.parse(sub)) : sub;
    return !lost.has(`${of.schema}\0${of.name} ${part}`) && !lost.has(`${of.schema}\0${part}`);
  }
  // Of a materialized view, not of an index.
  if (item.kind === 'tablespace') return chosen.has(item.name);
  if (!rights.has(item.kind)) return false;
  const of = item.kind === 'security label' ? labelled(item).object : item.name;
  const [, column, identity = ''] = /^(?:table|view|materialized view|foreign table|sequence)( column)? (.*)$/s.exec(of) ?? [];
  return column === undefined ? chosen.has(identity) : [...chosen.keys()].some((name) => identity.startsWith(`${name}.`));
}
