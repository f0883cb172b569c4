import { gearModule } from './gear-wasm.ts';

/** Bytes of the rolling window: a 32-bit hash shifted left once a byte forgets everything older. */
export const gearWindow = 32;

/**
 * A flat piece of memory with the loops that look through it. Both kinds give the same answers for the same gear table.
 * Hash: `h = (h << 1) + table[byte]`, 32 bits; a place is a hit where `(h & mask) === 0`.
 */
export interface GearScanner {
  readonly kind: 'wasm' | 'plain';
  /** `capacity` bytes, for the caller to fill. Offsets below are into this view. */
  readonly area: Uint8Array;
  /** Sets the hash to that of the bytes `[from, to)` alone. */
  warm(from: number, to: number): void;
  /** Rolls over `[from, to)`; the offset just past the first hit, or 0 where there is none (the hash then stands at `to`). */
  scan(from: number, to: number, mask: number): number;
  /** How many bytes in `[from, to)` equal `value`. */
  count(from: number, to: number, value: number): number;
}

const tableBytes = 1024;

/** A scanner for a gear table of 256 little-endian 32-bit numbers. `auto` is WebAssembly where it runs, else plain JavaScript. */
export function createScanner(table: Uint8Array, capacity: number, kind: 'auto' | 'wasm' | 'plain' = 'auto'): GearScanner {
  if (table.byteLength !== tableBytes) throw new RangeError(`A gear table has ${tableBytes} bytes.`);
  if (kind === 'plain') return new PlainScanner(table, capacity);
  if (kind === 'wasm' || canRunWasm()) return new WasmScanner(table, capacity);
  return new PlainScanner(table, capacity);
}

function canRunWasm(): boolean {
  return typeof WebAssembly === 'object' && WebAssembly.validate(gearModule(1));
}

interface GearExports {
  readonly memory: WebAssembly.Memory;
  readonly h: WebAssembly.Global;
  readonly scan: (from: number, to: number, mask: number) => number;
  readonly count: (from: number, to: number, value: number) => number;
}

let compiled: { readonly pages: number; readonly module: WebAssembly.Module } | undefined;

function compile(pages: number): WebAssembly.Module {
  if (compiled?.pages !== pages) compiled = { pages, module: new WebAssembly.Module(gearModule(pages)) };
  return compiled.module;
}

class WasmScanner implements GearScanner {
  readonly kind = 'wasm';
  readonly area: Uint8Array;
  readonly #exports: GearExports;

  constructor(table: Uint8Array, capacity: number) {
    const pages = Math.ceil((tableBytes + capacity) / 65_536);
    const instance = new WebAssembly.Instance(compile(pages));
    this.#exports = instance.exports as unknown as GearExports;
    const memory = this.#exports.memory.buffer;
    new Uint8Array(memory, 0, tableBytes).set(table);
    this.area = new Uint8Array(memory, tableBytes, capacity);
  }

  warm(from: number, to: number): void {
    this.#exports.h.value = 0;
    // The empty mask would always hit; all bits hit only where the whole hash is zero, and then the roll goes on behind it.
    let at = from;
    while (at < to) {
      const hit = this.scan(at, to, -1);
      if (hit === 0) return;
      at = hit;
    }
  }

  scan(from: number, to: number, mask: number): number {
    const hit = this.#exports.scan(from + tableBytes, to + tableBytes, mask);
    return hit === 0 ? 0 : hit - tableBytes;
  }

  count(from: number, to: number, value: number): number {
    return this.#exports.count(from + tableBytes, to + tableBytes, value);
  }
}

class PlainScanner implements GearScanner {
  readonly kind = 'plain';
  readonly area: Uint8Array;
  readonly #table = new Int32Array(256);
  #h = 0;

  constructor(table: Uint8Array, capacity: number) {
    this.area = new Uint8Array(capacity);
    const view = new DataView(table.buffer, table.byteOffset, tableBytes);
    for (let i = 0; i < 256; i++) this.#table[i] = view.getInt32(i * 4, true);
  }

  warm(from: number, to: number): void {
    const { area } = this;
    const table = this.#table;
    let h = 0;
    for (let p = from; p < to; p++) h = ((h << 1) + (table[area[p] as number] as number)) | 0;
    this.#h = h;
  }

  scan(from: number, to: number, mask: number): number {
    const { area } = this;
    const table = this.#table;
    let h = this.#h;
    for (let p = from; p < to; p++) {
      h = ((h << 1) + (table[area[p] as number] as number)) | 0;
      if ((h & mask) === 0) {
        this.#h = h;
        return p + 1;
      }
    }
    this.#h = h;
    return 0;
  }

  count(from: number, to: number, value: number): number {
    const { area } = this;
    let n = 0;
    for (let p = from; p < to; p++) if (area[p] === value) n++;
    return n;
  }
}
