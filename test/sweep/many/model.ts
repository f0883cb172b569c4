/** What is known of one snapshot. */
export interface ModelSnapshot {
  readonly id: string;
  readonly source: string;
  /** Hash of what it must hold; undefined where several states were possible. */
  readonly content: string | undefined;
  /** Its forgetting was acknowledged. */
  gone: boolean;
  /** Forgettings of which nobody knows the end: under way, or cut off. */
  doubts: number;
  /** Undefined: a pinning of it was cut off. */
  pinned: boolean | undefined;
  /** Counts pinnings and unpinnings that began. */
  pinChanges: number;
  readonly tags: Set<string>;
  proved: boolean;
  /** Data directories that have listed it: it was taken over one, or a command over it has found it. */
  readonly listed: Set<string>;
}

/**
 * What may be true of the data directories, the repository and the databases: only what was acknowledged is certain, what was cut off may
 * have happened or not. Whoever finds something that it does not allow says so to `wrong`.
 */
export class Model {
  readonly snapshots = new Map<string, ModelSnapshot>();
  /** Every state that a database ever had. */
  readonly states = new Map<string, Set<string>>();
  readonly slots = new Map<string, 'there' | 'doubtful' | 'gone'>();
  readonly wrongs: string[] = [];
  /** Snapshots that may have been taken, beyond those that were acknowledged. */
  doubtful = 0;
  /** Keys that may have been added. */
  doubtfulKeys = 0;
  readonly counts = new Map<string, number>();

  wrong(what: string): void {
    this.wrongs.push(what);
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  had(source: string, content: string): void {
    const states = this.states.get(source) ?? new Set();
    states.add(content);
    this.states.set(source, states);
  }

  mayBe(source: string, content: string): boolean {
    return this.states.get(source)?.has(content) ?? false;
  }

  taken(id: string, source: string, content: string | undefined, home: string): void {
    this.snapshots.set(id, {
      id,
      source,
      content,
      gone: false,
      doubts: 0,
      pinned: false,
      pinChanges: 0,
      tags: new Set(),
      proved: false,
      listed: new Set([home]),
    });
  }

  /** Snapshots that are there for certain. */
  kept(): readonly ModelSnapshot[] {
    return [...this.snapshots.values()].filter((one) => !one.gone && one.doubts === 0);
  }
}
