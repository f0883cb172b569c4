/**
 * Functions of ES2023 that Chromium 108, the oldest that shows the window, lacks: they came with 110. A newer browser keeps its own.
 */
const missing: Readonly<Record<string, (this: unknown[], ...values: never[]) => unknown>> = {
  toSorted(compare?: (one: unknown, other: unknown) => number) {
    return [...this].sort(compare);
  },
  toReversed() {
    return [...this].reverse();
  },
  toSpliced(...values: Parameters<unknown[]['splice']>) {
    const copy = [...this];
    copy.splice(...values);
    return copy;
  },
  with(index: number, value: unknown) {
    const copy = [...this];
    copy[index < 0 ? index + copy.length : index] = value;
    return copy;
  },
};

/** To be called before anything is shown. */
export function fillIn(): void {
  for (const [name, value] of Object.entries(missing)) {
    if (!(name in Array.prototype)) Object.defineProperty(Array.prototype, name, { value, writable: true, configurable: true });
  }
}
