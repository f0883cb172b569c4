import type { Arming, Seen } from './control.ts';

/** One fault at one call of one operation. */
export interface Point {
  readonly name: string;
  readonly arming: Arming;
}

/** Faults by the name that a point has, and the kinds of calls (shim.c) at which they mean something. */
const classes: readonly { readonly name: string; readonly kinds: RegExp; readonly fault: Omit<Arming, 'at'> }[] = [
  { name: 'kill', kinds: /./, fault: { mode: 'kill' } },
  { name: 'torn', kinds: /w/, fault: { mode: 'torn' } },
  { name: 'short', kinds: /w/, fault: { mode: 'short' } },
  { name: 'sent', kinds: /q/, fault: { mode: 'torn' } },
  { name: 'eio', kinds: /[^q]/, fault: { mode: 'fail-once', error: 'EIO' } },
  { name: 'eio-on', kinds: /[^q]/, fault: { mode: 'fail-on', error: 'EIO' } },
  { name: 'enospc', kinds: /[wolmyfxbstr]/, fault: { mode: 'fail-once', error: 'ENOSPC' } },
  { name: 'enospc-on', kinds: /[wolmyfxb]/, fault: { mode: 'fail-on', error: 'ENOSPC' } },
  { name: 'edquot', kinds: /[wom]/, fault: { mode: 'fail-once', error: 'EDQUOT' } },
  { name: 'fsync-lost', kinds: /s/, fault: { mode: 'sync-lost', error: 'EIO' } },
  { name: 'reset', kinds: /q/, fault: { mode: 'fail-once', error: 'ECONNRESET' } },
  { name: 'reset-on', kinds: /q/, fault: { mode: 'fail-on', error: 'ECONNRESET' } },
];

/** Every fault at every call that the operation made, in an order that the seed decides. */
export function faultPoints(operation: string, seen: Seen, seed: number): readonly Point[] {
  const points = [...seen.kinds].flatMap((kind, at) =>
    classes.filter((one) => one.kinds.test(kind)).map(({ name, fault }) => ({ name: `${operation}/${name}@${at + 1}`, arming: { ...fault, at: at + 1 } })),
  );
  return shuffled(points, seed);
}

/** How the power goes: nothing unsynced stays; names stay and their content does not; pages stay by chance. */
const cuts = ['nothing', 'journal', 'chance-1', 'chance-2', 'chance-3', 'journal-chance'] as const;

/** Power cuts at every call that the operation made. */
export function powerPoints(operation: string, seen: Seen, seed: number): readonly Point[] {
  const points = [...seen.kinds].flatMap((_, at) =>
    cuts.map((cut, way): Point => {
      const chance = cut.includes('chance') ? (hash(`${seed}/${operation}/${cut}/${at}`) | 1) >>> 0 : 0;
      return { name: `${operation}/${cut}@${at + 1}`, arming: { mode: 'power', at: at + 1, journal: cut.startsWith('journal'), seed: way < 2 ? 0 : chance } };
    }),
  );
  return shuffled(points, seed);
}

function hash(text: string): number {
  let value = 2_166_136_261;
  for (const character of text) value = Math.imul(value ^ (character.codePointAt(0) ?? 0), 16_777_619) >>> 0;
  return value;
}

function shuffled(points: readonly Point[], seed: number): readonly Point[] {
  return points
    .map((point) => [hash(`${seed}:${point.name}`), point] as const)
    .sort(([a], [b]) => a - b)
    .map(([, point]) => point);
}
