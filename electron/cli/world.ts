import type { BelayClient } from '../contract/client.ts';
import type { Clock } from '../core/app/faces.ts';
import type { TextStream } from './output/output.ts';

/** What the command line reads of its standard input. */
export interface InputStream {
  readonly isTTY?: boolean | undefined;
  setRawMode?(raw: boolean): unknown;
  on(event: 'data', listener: (data: Buffer | string) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  off(event: 'data', listener: (data: Buffer | string) => void): unknown;
  off(event: 'end', listener: () => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

/** A loopback web server that serves a data directory. */
export interface Served {
  /** Address with its token. */
  readonly address: string;
  /** Resolves when the server has ended, with why. */
  readonly closed: Promise<string>;
  close(): Promise<void>;
}

export type LeaveSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** Everything of the outer world that the command line reaches; handed in, so that it can be run inside a test. */
export interface World {
  /** Arguments after the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly platform: NodeJS.Platform;
  readonly userFolder: string;
  readonly version: string;
  readonly clock: Clock;
  readonly stdin: InputStream;
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  /** Attaches to the host of a data directory, or becomes it for as long as this command runs. The signal ends a wait for another host. */
  connect(home: string, signal?: AbortSignal): Promise<BelayClient>;
  serve(home: string, options: { readonly port?: number; readonly signal: AbortSignal }): Promise<Served>;
  /** Tells of a wish to leave; returns the function that ends the subscription. */
  onLeave(listener: (signal: LeaveSignal) => void): () => void;
  /** Leaves at once, without cleaning up. */
  leaveNow(code: number): void;
}
