/** True where dotted version `found` is `floor` or newer. */
export function isAtLeast(found: string, floor: string): boolean {
  const parts = (text: string): number[] => text.split('.').map(Number);
  const wanted = parts(floor);
  const have = parts(found);
  for (let i = 0; i < wanted.length; i += 1) {
    const difference = (have[i] ?? 0) - (wanted[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** The library version that last wrote a file, from its header's number: 3054001 is `3.54.1`. Empty where it is not said. */
export function libraryVersion(number: number): string {
  if (number <= 0) return '';
  return `${Math.floor(number / 1_000_000)}.${Math.floor(number / 1000) % 1000}.${number % 1000}`;
}
