/** Places that are kept of one table; the distance between them grows with it. */
const mostPlaces = 4096;
const mostTables = 64;

/** Where some rows of one stored table begin, so that a page deep inside is not looked for from the start. */
export interface RowPlaces {
  /** The nearest known row at or before `row`. */
  before(row: number): { readonly row: number; readonly at: number };
  /** To be told of the rows after a known one, in order. */
  note(row: number, at: number): void;
}

/** A snapshot never changes, so neither do its rows' places: kept in memory for the tables looked at last. */
export function rowPlaces(): (snapshotId: string, object: string) => RowPlaces {
  const kept = new Map<string, RowPlaces>();
  return (snapshotId, object) => {
    const key = `${snapshotId}/${object}`;
    const places = kept.get(key) ?? placesOfTable();
    kept.delete(key);
    kept.set(key, places);
    for (const oldest of kept.keys()) if (kept.size > mostTables) kept.delete(oldest);
    return places;
  };
}

function placesOfTable(): RowPlaces {
  let apart = 64;
  let places = [0];
  return {
    before: (row) => {
      const index = Math.min(Math.floor(row / apart), places.length - 1);
      return { row: index * apart, at: places[index] ?? 0 };
    },
    note: (row, at) => {
      if (row !== places.length * apart) return;
      places.push(at);
      if (places.length < mostPlaces) return;
      places = places.filter((_, index) => index % 2 === 0);
      apart *= 2;
    },
  };
}
