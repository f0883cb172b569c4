import { AppError } from '../../../base/errors.ts';

/** A value as it is compared: made once, compared often. */
type Key = number | bigint | readonly [number, string] | Buffer;

export interface ValueOrder {
  readonly key: (bytes: Uint8Array) => Key;
  readonly compare: (a: Key, b: Key) => number;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');

const compareNumbers = (a: Key, b: Key): number => {
  const [x, y] = [Number(a), Number(b)];
  // NaN is equal to itself and above everything else.
  if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
  return x < y ? -1 : x > y ? 1 : 0;
};
const numbers: ValueOrder = { key: (bytes) => Number(text(bytes)), compare: compareNumbers };
const bigints: ValueOrder = { key: (bytes) => BigInt(text(bytes)), compare: (a, b) => (a < b ? -1 : a > b ? 1 : 0) };
const booleans: ValueOrder = { key: (bytes) => Number(bytes[0] === 116), compare: compareNumbers };
const byBytes: ValueOrder = {
  key: (bytes) => Buffer.from(bytes),
  compare: (a, b) => (Buffer.isBuffer(a) && Buffer.isBuffer(b) ? Buffer.compare(a, b) : 0),
};

const comparePairs = (a: Key, b: Key): number => {
  if (!Array.isArray(a) || !Array.isArray(b)) return 0;
  const [[x, p], [y, q]] = [a as readonly [number, string], b as readonly [number, string]];
  if (x !== y) return x < y ? -1 : 1;
  return p < q ? -1 : p > q ? 1 : 0;
};

/** ISO, in UTC: the year as a number, since it may have more digits than four or be before Christ, the rest as text. */
const times: ValueOrder = {
  key: (bytes) => {
    const value = text(bytes);
    if (value === 'infinity') return [Infinity, ''];
    if (value === '-infinity') return [-Infinity, ''];
    const dash = value.indexOf('-');
    const year = Number(value.slice(0, dash));
    return [value.endsWith(' BC') ? -year : year, value.slice(dash)];
  },
  compare: comparePairs,
};

/** Exactly, however many digits: sign and number of digits before the point, then the digits. */
const decimals: ValueOrder = {
  key: (bytes) => {
    const value = text(bytes);
    if (value === 'NaN') return [Infinity, '1'];
    if (value.endsWith('Infinity')) return value.startsWith('-') ? [-Infinity, ''] : [Infinity, '0'];
    const negative = value.startsWith('-');
    const [whole = '', fraction = ''] = (negative ? value.slice(1) : value).split('.');
    const digits = whole.replace(/^0+/, '');
    const rest = fraction.replace(/0+$/, '');
    if (digits === '' && rest === '') return [0, ''];
    return negative ? [-1 - digits.length, complement(digits + rest)] : [1 + digits.length, digits + rest];
  },
  compare: comparePairs,
};

/** Digits whose order is the other way round; the end stands after every digit. */
function complement(digits: string): string {
  return `${digits.replaceAll(/\d/g, (digit) => String(9 - Number(digit)))}~`;
}

const orders: Readonly<Record<string, ValueOrder>> = {
  boolean: booleans,
  smallint: numbers,
  integer: numbers,
  oid: numbers,
  real: numbers,
  'double precision': numbers,
  bigint: bigints,
  numeric: decimals,
  date: times,
  'timestamp without time zone': times,
  'timestamp with time zone': times,
  uuid: byBytes,
  bytea: byBytes,
  text: byBytes,
  'character varying': byBytes,
  character: byBytes,
  name: byBytes,
};

/** How values of a type are ordered without a server. Throws `engine.unsupported` for types whose order only the server knows. */
export function orderOf(base: string, column: string): ValueOrder {
  const found = orders[base];
  if (found !== undefined) return found;
  throw new AppError(
    'engine.unsupported',
    `The stored rows are not ordered by ${JSON.stringify(column)}: only the server knows the order of ${base === '' ? 'its type' : base}.`,
    {
      hint: 'Leave the order out, or ask by a query, which opens the snapshot on the server: --query "SELECT … ORDER BY …".',
    },
  );
}
