import { closeSync, openSync, readSync, writeSync } from 'node:fs';

/** What the shim does at the call of that number; `count` only numbers them. */
export type Mode = 'count' | 'kill' | 'torn' | 'short' | 'fail-once' | 'fail-on' | 'sync-lost' | 'power';

const modes: readonly Mode[] = ['count', 'kill', 'torn', 'short', 'fail-once', 'fail-on', 'sync-lost', 'power'];
/** As the kernel numbers them on Linux. */
const errors = { EIO: 5, ENOSPC: 28, ECONNRESET: 104, EDQUOT: 122 } as const;

export interface Arming {
  readonly mode: Mode;
  readonly at: number;
  readonly error?: keyof typeof errors;
  /** Power cut: whether the file system's journal is flushed first, so that names are there and what they name is not. */
  readonly journal?: boolean;
  /** Power cut: not 0 where pages chosen by it were written back before. */
  readonly seed?: number;
}

export interface Seen {
  readonly calls: number;
  /** The call at which the fault happened; 0 where it did not. */
  readonly fired: number;
  /** One letter a call, the first at 0, as the shim has them: `w` a write, `s` a sync ... */
  readonly kinds: string;
}

const HEADER = 40;
const KINDS = 65_536;

/** The file through which a test arms the shim of a process that runs already, and reads what it saw (shim.c, `struct control`). */
export class Control {
  readonly file: string;
  readonly #fd: number;

  constructor(file: string) {
    this.file = file;
    this.#fd = openSync(file, 'w+', 0o600);
    this.arm({ mode: 'count', at: 0 });
  }

  arm({ mode, at, error, journal = false, seed = 0 }: Arming): void {
    const header = Buffer.alloc(HEADER);
    header.writeBigUInt64LE(BigInt(at), 8);
    header.writeUInt32LE(modes.indexOf(mode), 16);
    header.writeInt32LE(error === undefined ? 0 : errors[error], 20);
    header.writeUInt32LE(journal ? 1 : 2, 32);
    header.writeUInt32LE(seed, 36);
    writeSync(this.#fd, header, 0, HEADER, 0);
  }

  seen(): Seen {
    const all = Buffer.alloc(HEADER + KINDS);
    readSync(this.#fd, all, 0, all.length, 0);
    const calls = Number(all.readBigUInt64LE(0));
    if (calls >= KINDS) throw new Error(`${calls} calls are more than the shim notes`);
    return { calls, fired: Number(all.readBigUInt64LE(24)), kinds: all.toString('latin1', HEADER + 1, HEADER + 1 + calls) };
  }

  close(): void {
    closeSync(this.#fd);
  }
}
