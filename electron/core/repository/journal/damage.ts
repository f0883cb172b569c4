import type { CheckOptions, DamagedPack, Fact, RecordedFact } from '../repository.ts';

type Level = CheckOptions['level'];

/**
 * Segments of which no copy opened when a check last looked. What they hold is stored anew by the next snapshot that meets it,
 * counts as missing where anything would rely on it, and goes with the next collect.
 */
export class Damage {
  /** By pack: its frames, by the level that found each. `undefined`: every frame. */
  readonly #packs: ReadonlyMap<string, ReadonlySet<number> | undefined>;

  private constructor(packs: ReadonlyMap<string, ReadonlySet<number> | undefined>) {
    this.#packs = packs;
  }

  static readonly none = new Damage(new Map());

  static of(packs: readonly DamagedPack[]): Damage {
    return new Damage(new Map(packs.map(({ pack, frames }) => [pack, frames === undefined ? undefined : new Set(frames)])));
  }

  get any(): boolean {
    return this.#packs.size > 0;
  }

  get packs(): readonly DamagedPack[] {
    return [...this.#packs]
      .map(([pack, frames]) => (frames === undefined ? { pack } : { pack, frames: [...frames].toSorted((a, b) => a - b) }))
      .toSorted((a, b) => (a.pack < b.pack ? -1 : 1));
  }

  has(pack: string, frame: number): boolean {
    if (!this.#packs.has(pack)) return false;
    const frames = this.#packs.get(pack);
    return frames === undefined || frames.has(frame);
  }

  /** Whether any segment of the pack is among them. */
  hits(pack: string): boolean {
    return this.#packs.has(pack);
  }
}

/**
 * What the journal's facts say is damaged now: a look at everything that reads every byte stands for itself, a look at a part adds
 * to what was known. A level that does not decode takes nothing back that decoding had found.
 */
export function damageOf(facts: readonly RecordedFact[]): Damage {
  let known: readonly { readonly level: Level; readonly packs: readonly DamagedPack[] }[] = [];
  for (const { fact } of facts) {
    if (fact.kind === 'damage') {
      const kept = fact.whole ? known.filter((one) => one.level === 'decoded' && fact.level !== 'decoded') : known;
      known = [...kept, { level: fact.level, packs: fact.packs }];
    } else if (fact.kind === 'check' && fact.passed) {
      known = known.filter((one) => one.level === 'decoded' && fact.level !== 'decoded');
    }
  }
  return Damage.of(joined(known.flatMap((one) => one.packs)));
}

function joined(packs: readonly DamagedPack[]): readonly DamagedPack[] {
  const byPack = new Map<string, Set<number> | undefined>();
  for (const { pack, frames } of packs) {
    const held = byPack.has(pack) ? byPack.get(pack) : new Set<number>();
    byPack.set(pack, held === undefined || frames === undefined ? undefined : new Set([...held, ...frames]));
  }
  return [...byPack].map(([pack, frames]) => (frames === undefined ? { pack } : { pack, frames: [...frames] }));
}

/** Frames named one by one in a fact; of a check that found more, whole packs are named. */
const MOST_FRAMES = 20_000;

/** What a check found as a fact; undefined where it is what was known before. */
export function damageFact(known: Damage, options: CheckOptions, found: readonly DamagedPack[]): Extract<Fact, { readonly kind: 'damage' }> | undefined {
  const whole = options.snapshots === undefined && options.level !== 'structure';
  const frames = found.reduce((sum, one) => sum + (one.frames?.length ?? 0), 0);
  const packs: readonly DamagedPack[] = frames > MOST_FRAMES ? found.map(({ pack }) => ({ pack })) : found;
  const news = packs.some(({ pack, frames: named }) => (named === undefined ? !sameWhole(known, pack) : named.some((frame) => !known.has(pack, frame))));
  const less = whole && JSON.stringify(Damage.of(packs).packs) !== JSON.stringify(known.packs);
  return news || less ? { kind: 'damage', level: options.level, whole, packs } : undefined;
}

function sameWhole(known: Damage, pack: string): boolean {
  return known.packs.some((one) => one.pack === pack && one.frames === undefined);
}
