import type { SourceLocation } from '../../engine.ts';

/** One database, or a server of which no more is known, as one way of looking showed it. Holds no secret. */
export interface Seen {
  /** The server by a word that is the same whichever way it was seen. */
  readonly server: string;
  /** Undefined where only the server is known. */
  readonly database: string | undefined;
  readonly location: SourceLocation;
  /** The server in words. */
  readonly where: string;
  /** What named it: `DATABASE_URL in .env`. Undefined for what was simply there. */
  readonly named?: string;
  /** `running, healthy`, `stopped`, `asks for a password`. */
  readonly state?: string;
  /** Nobody gets in here without a login. */
  readonly needsLogin?: boolean;
  /** It asked for a password: one that is right would be taken. */
  readonly asks?: boolean;
  readonly bytes?: number;
  /** What `source add` takes for it; undefined where it cannot be added as it is. */
  readonly add?: string;
}
