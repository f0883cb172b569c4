/** What a part of the sweep is given. */
export interface SweepOptions {
  /** Decides every choice of the part: the same seed tries the same points. */
  readonly seed: number;
  /** Where the part keeps what it has tried, so that another run goes on. It is there and the part's own. */
  readonly state: string;
  /** How much of the whole is tried, above 0 and at most 1. */
  readonly share: number;
  /** Ends the part after the point that runs. */
  readonly signal: AbortSignal;
  /** Prints one line of progress. */
  say(line: string): void;
}

/** A point at which something acknowledged was lost or altered, a success was told falsely, or the next command needed a manual step. */
export interface Loss {
  /** What was tried, so that the same options try it again. */
  readonly point: string;
  readonly what: string;
}

export interface SweepResult {
  /** Distinct points tried, those of earlier runs over the same state included. */
  readonly tried: number;
  /** Points that the whole has. */
  readonly whole: number;
  readonly losses: readonly Loss[];
  /** What a reader of the figures should know: what was left out, and why. */
  readonly notes: readonly string[];
}

/** One kind of hardness, tried point by point against the real product. */
export interface SweepPart {
  readonly name: string;
  /** One line: what is tried. */
  readonly title: string;
  /** Why it cannot be tried on this machine, or undefined. */
  hindrance(): string | undefined;
  run(options: SweepOptions): Promise<SweepResult>;
}
