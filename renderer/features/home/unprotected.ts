import type { Found } from '../shared/found-list.tsx';

const kept = 'belay-left';
const mostKept = 500;
const mostNamed = 3;

/** What stays the same of a find from one look to the next. */
function keyOf({ engine, add, location, description }: Found): string {
  return `${engine} ${add ?? (typeof location['path'] === 'string' ? location['path'] : description)}`;
}

/** Databases that nothing protects and that nobody chose to leave so. A server of which no database is known is none. */
export function unprotected(found: readonly Found[], left: ReadonlySet<string>): readonly Found[] {
  return found.filter((one) => (one.add !== undefined || typeof one.location['path'] === 'string') && !left.has(keyOf(one)));
}

/** A file with the folder that it lies in: half of all are called `dev.db`. */
function labelOf({ location, suggestedName }: Found): string {
  const { path } = location;
  return typeof path === 'string' ? path.split(/[\\/]/).slice(-2).join('/') : suggestedName;
}

/** `shop, blog/dev.db and 4 more`. */
export function namesOf(found: readonly Found[]): string {
  const names = found.map(labelOf);
  if (names.length <= mostNamed + 1) return [names.slice(0, -1).join(', '), names.at(-1)].filter((part) => part !== '' && part !== undefined).join(' and ');
  return `${names.slice(0, mostNamed).join(', ')} and ${String(names.length - mostNamed)} more`;
}

/** What somebody chose to leave unprotected, in this browser. */
export function leftOnes(): ReadonlySet<string> {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(kept) ?? '[]');
    return new Set(Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []);
  } catch {
    return new Set();
  }
}

/** They are not told of again; the newest choices are kept. */
export function leave(found: readonly Found[]): ReadonlySet<string> {
  const left = [...new Set([...leftOnes(), ...found.map(keyOf)])].slice(-mostKept);
  localStorage.setItem(kept, JSON.stringify(left));
  return new Set(left);
}
