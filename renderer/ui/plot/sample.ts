/** A point as it is drawn: pixels, and which of all points it is. */
export interface Spot {
  readonly x: number;
  readonly y: number;
  readonly at: number;
}

/**
 * Of any number of spots, in order of `x`, those that a line of pixels can show: of each column the first, the lowest, the highest and the
 * last. At most four a column; no peak is lost, and the order stays.
 */
export function sampled(spots: readonly Spot[], columns: number): readonly Spot[] {
  if (spots.length <= columns * 2) return spots;
  const kept: Spot[] = [];
  let column: Spot[] = [];
  let of = Number.NaN;
  const close = (): void => {
    kept.push(...extremes(column));
    column = [];
  };
  for (const spot of spots) {
    const here = Math.floor(spot.x);
    if (here !== of) close();
    of = here;
    column.push(spot);
  }
  close();
  return kept;
}

function extremes(column: readonly Spot[]): readonly Spot[] {
  const [first] = column;
  const last = column.at(-1);
  if (first === undefined || last === undefined) return [];
  const lowest = column.reduce((low, one) => (one.y < low.y ? one : low), first);
  const highest = column.reduce((high, one) => (one.y > high.y ? one : high), first);
  return [...new Set([first, lowest, highest, last])].toSorted((a, b) => a.at - b.at);
}

/** Which of these ascending places is the nearest; -1 where there is none. */
export function nearest(places: readonly number[], to: number): number {
  let low = 0;
  let high = places.length - 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((places[middle] ?? 0) < to) low = middle + 1;
    else high = middle;
  }
  const [before, here] = [places[low - 1], places[low]];
  if (here === undefined) return -1;
  return before !== undefined && to - before < here - to ? low - 1 : low;
}

/** The path of a line through spots; as steps where a value holds until the next one. */
export function linePath(spots: readonly Spot[], stepped: boolean): string {
  return spots
    .map(({ x, y }, at) => {
      const [px, py] = [round(x), round(y)];
      if (at === 0) return `M${px} ${py}`;
      return stepped ? `H${px}V${py}` : `L${px} ${py}`;
    })
    .join('');
}

/** The same, closed down to `ground`. */
export function areaPath(spots: readonly Spot[], stepped: boolean, ground: number): string {
  const [first] = spots;
  const last = spots.at(-1);
  if (first === undefined || last === undefined) return '';
  return `${linePath(spots, stepped)}V${round(ground)}H${round(first.x)}Z`;
}

function round(value: number): string {
  return value.toFixed(1).replace(/\.0$/, '');
}
