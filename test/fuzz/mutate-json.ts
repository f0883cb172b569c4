import type { Choices } from './random.ts';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** Written as they are: what no value of this language becomes when it is written. */
const rawTexts: readonly string[] = [
  '1e400',
  '-1e400',
  '1e-400',
  '-0',
  '9007199254740993',
  '18446744073709551616',
  '1.0000000000000001',
  '1E5',
  'NaN',
  'Infinity',
  '01',
  '+1',
  '.5',
  'undefined',
  '"\\ud800"',
  '"\\udfff\\ud800"',
  '"\\u0000"',
  '"\\u2028"',
  '{"__proto__":{"v":1}}',
  '{"a":1,"a":2}',
  '[1,]',
  '{"a":1,}',
  '/* */1',
  "'a'",
  '"\\x41"',
  'tru',
  '',
];
const values: readonly Json[] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  2,
  0.5,
  1e21,
  -1e21,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  2 ** 53 - 1,
  9_999_999_999,
  10_000_000_000,
  Number.MAX_VALUE,
  5e-324,
  '',
  ' ',
  '0',
  '../../../etc/passwd',
  '\u202e',
  'constructor',
  '__proto__',
  [],
  {},
  [[]],
  [{}],
  'ff'.repeat(16),
  'FF'.repeat(16),
  '00'.repeat(32),
];
const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length', 'then', 'toJSON', '', 'v', 'belay', 'n', 'g', 'meta', 'kind', '\ud800'];

interface Spot {
  readonly of: Json[] | { [name: string]: Json };
  readonly key: string | number;
}

/** A change of one or several values of a JSON text; undefined where it is none, or one that is too deep to be gone through. */
export function mutateJson(text: string, choices: Choices): string | undefined {
  try {
    return changed(JSON.parse(text) as Json, choices);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}

function changed(value: Json, choices: Choices): string {
  const marks = new Map<string, string>();
  const root: { [name: string]: Json } = { root: value };
  for (let left = 1 + choices.below(3); left > 0; left -= 1) edit(choices.of(spots(root)) ?? { of: root, key: 'root' }, marks, choices);
  let written = JSON.stringify(root['root']) ?? '';
  for (const [mark, raw] of marks) written = written.replace(`"${mark}"`, () => raw);
  return written;
}

function spots(value: Json, found: Spot[] = [], depth = 0): Spot[] {
  if (value === null || typeof value !== 'object' || depth > 20) return found;
  for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
    found.push({ of: value, key });
    spots((value as { [name: string]: Json })[key] ?? null, found, depth + 1);
  }
  return found;
}

function edit({ of, key }: Spot, marks: Map<string, string>, choices: Choices): void {
  const place = of as { [name: string]: Json };
  const now = place[key] ?? null;
  const raw = (text: string): string => {
    const mark = `mark ${marks.size} of ${choices.word()}`;
    marks.set(mark, text);
    return mark;
  };
  switch (choices.below(12)) {
    case 0:
    case 1:
    case 2:
      place[key] = structuredClone(choices.of(values) ?? null);
      break;
    case 3:
      place[key] = raw(choices.of(rawTexts) ?? '0');
      break;
    case 4:
      if (Array.isArray(of)) of.splice(Number(key), 1);
      else delete of[key];
      break;
    case 5:
      place[key] = raw(nested(JSON.stringify(now), choices));
      break;
    case 6:
      if (Array.isArray(of)) of.push(structuredClone(now));
      else of[choices.of(names) ?? ''] = structuredClone(now);
      break;
    case 7:
      place[key] = typeof now === 'number' ? now + (choices.of([1, -1, 0.5]) ?? 1) : typeof now === 'string' ? now.slice(0, choices.below(now.length)) : [now];
      break;
    case 8:
      place[key] = typeof now === 'string' ? now.toUpperCase() + (choices.once(2) ? 'g' : '') : JSON.stringify(now);
      break;
    case 9:
      // The same name twice: which of them counts?
      if (!Array.isArray(of))
        of[raw('') && `${key}`] = raw(`${JSON.stringify(now)},${JSON.stringify(String(key))}:${JSON.stringify(choices.of(values) ?? null)}`);
      break;
    case 10:
      if (Array.isArray(now)) place[key] = Array.from({ length: choices.once(30) ? 5000 : 20 }, () => structuredClone(now[0] ?? null));
      break;
    default:
      // Ten million characters take as long as a thousand other inputs.
      place[key] = choices.once(2000)
        ? 'x'.repeat(10_000_000)
        : choices.once(30)
          ? 'x'.repeat(65_536 + choices.below(2))
          : '\ud83d\ude00'.repeat(choices.below(64));
  }
}

function nested(inner: string, choices: Choices): string {
  const depth = choices.once(50) ? 100_000 : choices.of([2, 90, 99, 100, 101, 200, 3000]);
  return choices.once(2) ? '['.repeat(depth) + inner + ']'.repeat(depth) : '{"a":'.repeat(depth) + inner + '}'.repeat(depth);
}
