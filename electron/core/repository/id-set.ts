import { ID_BYTES } from './format/limits.ts';

/** No entry, no segment, no copy. */
export const NONE = -1;
const WORDS = ID_BYTES / 4;

/** Four bytes as a signed number: signed so that the engine keeps it out of the heap. */
function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
}

/**
 * Ids of 16 bytes, numbered from 0 in order of arrival: typed arrays and open addressing at a load of at most one half, 24 to 32
 * bytes an id. A number never changes. Ids are pseudo-random (an HMAC), so their first word serves as hash.
 */
export class IdSet {
  private slots: Uint32Array<ArrayBuffer>;
  private mask: number;
  private count = 0;
  private ids: Int32Array<ArrayBuffer>;

  /** `expected`: number of ids to make room for at once. */
  constructor(expected: number) {
    let capacity = 2048;
    while (capacity < expected * 2) capacity *= 2;
    this.slots = new Uint32Array(capacity);
    this.mask = capacity - 1;
    this.ids = new Int32Array(expected * WORDS);
  }

  get size(): number {
    return this.count;
  }

  /** Bytes of the typed arrays. */
  get memory(): number {
    return this.slots.byteLength + this.ids.byteLength;
  }

  /** The slot that holds the id of these four words, or the free slot where it would go. */
  private probe(a: number, b: number, c: number, d: number): number {
    const { slots, mask, ids } = this;
    let slot = a & mask;
    for (;;) {
      const held = slots[slot] ?? 0;
      if (held === 0) return slot;
      const at = (held - 1) * WORDS;
      if (ids[at] === a && ids[at + 1] === b && ids[at + 2] === c && ids[at + 3] === d) return slot;
      slot = (slot + 1) & mask;
    }
  }

  /** Number of the id at `id[offset .. offset + 16)`, or `NONE`. */
  lookup(id: Uint8Array, offset: number): number {
    return (this.slots[this.probe(word(id, offset), word(id, offset + 4), word(id, offset + 8), word(id, offset + 12))] ?? 0) - 1;
  }

  /** Number of the id, the next free one where it is new. */
  intern(id: Uint8Array, offset: number): number {
    const a = word(id, offset);
    const b = word(id, offset + 4);
    const c = word(id, offset + 8);
    const d = word(id, offset + 12);
    let slot = this.probe(a, b, c, d);
    const held = this.slots[slot] ?? 0;
    if (held !== 0) return held - 1;
    if ((this.count + 1) * 2 > this.slots.length) {
      this.rehash();
      slot = this.probe(a, b, c, d);
    }
    const entry = this.count++;
    const at = entry * WORDS;
    if (at + WORDS > this.ids.length) this.grow();
    this.ids[at] = a;
    this.ids[at + 1] = b;
    this.ids[at + 2] = c;
    this.ids[at + 3] = d;
    this.slots[slot] = entry + 1;
    return entry;
  }

  private grow(): void {
    const ids = new Int32Array((Math.ceil(this.count * 1.5) + 1024) * WORDS);
    ids.set(this.ids);
    this.ids = ids;
  }

  private rehash(): void {
    const slots = new Uint32Array(this.slots.length * 2);
    const mask = slots.length - 1;
    for (let entry = 0; entry < this.count; entry++) {
      let slot = (this.ids[entry * WORDS] ?? 0) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = entry + 1;
    }
    this.slots = slots;
    this.mask = mask;
  }

  /** The id of an entry: 16 fresh bytes. */
  idOf(entry: number): Uint8Array {
    return new Uint8Array(this.ids.slice(entry * WORDS, (entry + 1) * WORDS).buffer);
  }

  /** Whether the entry's id is the 16 bytes at `id[offset ..]`. */
  isId(entry: number, id: Uint8Array, offset: number): boolean {
    const { ids } = this;
    const at = entry * WORDS;
    for (let i = 0; i < WORDS; i++) {
      if (ids[at + i] !== word(id, offset + i * 4)) return false;
    }
    return true;
  }
}
