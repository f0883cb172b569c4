import type { EngineState } from '../containers/engine.ts';
import type { EngineKind, SourceLocation } from './engine.ts';

/** Where the one stands who gives a location. */
export interface GivenFrom {
  readonly folder: string;
  /** Variables that may name a database. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface DiscoverScope {
  readonly folder: string;
  /** Deepest folder level below `folder` to look at. */
  readonly depth: number;
  /** Variables of the one who asks that may name a database. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Told what could not be looked at, one statement each. */
  readonly note?: (statement: string) => void;
  /** Told where containers were not looked at: why, and the next step. */
  readonly noContainers?: (why: Exclude<EngineState, { state: 'answers' }>) => void;
}

export interface Discovered {
  readonly engine: EngineKind;
  readonly suggestedName: string;
  readonly location: SourceLocation;
  readonly description: string;
  readonly bytes?: number;
  /** What named it, in words. */
  readonly named?: readonly string[];
  /** How it stands, in words: `running, healthy`, `asks for a password`. */
  readonly state?: string;
  /** True where a role and its password are needed before more can be said. */
  readonly needsLogin?: boolean;
  /** Other locations of the very same. */
  readonly alsoAt?: readonly SourceLocation[];
  /** What `source add` takes for it; missing where that is the location's path, or where it cannot be added as it is. */
  readonly add?: string;
}
