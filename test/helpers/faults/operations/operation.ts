import type { BelayClient } from '../../../../electron/contract/client.ts';
import type { KeptServer } from '../kept-server.ts';
import type { Subject } from '../subject.ts';
import type { Trial } from '../trial.ts';

/** The paths that a command is given. */
export interface Place {
  readonly home: string;
  readonly database: string;
  readonly copy: string;
  /** A folder for files that commands read and write, beside the database. */
  readonly files: string;
}

/** What was so when the state was kept; goes to agents as JSON. */
export interface Facts {
  /** Content of every acknowledged snapshot, by id, oldest first. */
  readonly snapshots: Readonly<Record<string, string>>;
  /** Content of the source. */
  readonly live: string;
  readonly pins: Readonly<Record<string, string>>;
  readonly proved: Readonly<Record<string, string>>;
  /** Name, tags and note of every snapshot, in one text. */
  readonly told: Readonly<Record<string, string>>;
  /** Key slots. */
  readonly slots: readonly string[];
  /** Number of the newest entry of the data directory's journal. */
  readonly journal: number;
  /** What an operation notes for itself. */
  readonly more: Readonly<Record<string, string>>;
}

export interface CommandContext {
  readonly client: BelayClient;
  readonly place: Place;
  readonly facts: Facts;
  /** Says that something was told to be done: from here on it must be so. */
  readonly acknowledge: (what: string) => void;
}

export type Command = (context: CommandContext) => Promise<void>;

/** What a look after a fault is given. */
export interface AfterContext {
  readonly client: BelayClient;
  readonly trial: Trial;
  readonly subject: Subject;
  readonly server: KeptServer | undefined;
  readonly place: Place;
  readonly facts: Facts;
  readonly acknowledged: readonly string[];
  /** Ids of the snapshots that are listed. */
  readonly listed: readonly string[];
  /** Content of the source after the operation was done without a fault. */
  readonly after: string;
}

/** One operation of the sweep: the state that it begins from, and what must hold after it met a fault. The command is in commands.ts. */
export interface Operation {
  readonly name: string;
  /** What the source is a database of: a file where it is left out, else a server beside the ground. */
  readonly on?: 'server';
  /** Makes the state; the host is closed when it resolves. */
  prepare(trial: Trial, subject: Subject, server: KeptServer | undefined): Promise<Facts>;
  /** What the next command needs before anything can be asked. */
  open?(context: Pick<AfterContext, 'client' | 'place' | 'facts' | 'acknowledged'>): Promise<void>;
  /** Snapshots that the operation may take away. */
  readonly mayGo?: (facts: Facts) => readonly string[];
  /** Snapshots of which the operation changes the pin or the tags. */
  readonly alters?: (facts: Facts) => readonly string[];
  /** Content that a new snapshot has; that of the source where it is left out. */
  readonly makes?: (facts: Facts) => string;
  /** True where snapshots, checks and the source are asked only after `after`, which makes or mends them. */
  readonly afterFirst?: boolean;
  /** What holds for this operation, and that the same command works. */
  after(context: AfterContext): Promise<void>;
}
