/** The name that `typed` is most likely a slip of: one or two characters wrong, missing, too many or swapped. Undefined where none is near. */
export function nearest(typed: string, names: readonly string[]): string | undefined {
  const most = typed.length <= 4 ? 1 : 2;
  let best: string | undefined;
  let least = most + 1;
  for (const name of names) {
    if (Math.abs(name.length - typed.length) > most) continue;
    const far = distance(typed.toLowerCase(), name.toLowerCase());
    if (far < least) [best, least] = [name, far];
  }
  return best;
}

/** Edits from one to the other, a swap of neighbours counted as one. */
function distance(from: string, to: string): number {
  const [a, b] = [[...from], [...to]];
  let [before, last] = [[] as number[], b.map((_character, at) => at + 1)];
  last.unshift(0);
  for (const [i, character] of a.entries()) {
    const row = [i + 1];
    for (const [j, other] of b.entries()) {
      const same = character === other ? 0 : 1;
      let cost = Math.min((last[j + 1] ?? 0) + 1, (row[j] ?? 0) + 1, (last[j] ?? 0) + same);
      if (i > 0 && j > 0 && character === b[j - 1] && a[i - 1] === other) cost = Math.min(cost, (before[j - 1] ?? 0) + 1);
      row.push(cost);
    }
    [before, last] = [last, row];
  }
  return last[b.length] ?? 0;
}
