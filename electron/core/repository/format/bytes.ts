import { AppError, isAppError } from '../../base/errors.ts';

/** `repository.damaged`: stored bytes are not what a writer of format 1 makes. */
export function damaged(statement: string, details?: Readonly<Record<string, unknown>>, cause?: unknown): AppError {
  return new AppError('repository.damaged', statement, {
    hint: 'Run `belay check` to see what is affected, then `belay repair`.',
    ...(details === undefined ? {} : { details }),
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The same error with the file's path in its details, so that a report can name it. Other values are returned as they are. */
export function inFile(file: string, error: unknown): unknown {
  if (!isAppError(error) || error.details?.['file'] !== undefined) return error;
  return new AppError(error.code, `${file}: ${error.message}`, {
    details: { ...error.details, file },
    cause: error.cause,
    retryable: error.retryable,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  });
}

export function toHex(bytes: Uint8Array, from = 0, to = bytes.length): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('hex');
}

/** Bytes of lower-case hex of exactly `length` bytes; throws `repository.damaged` for anything else. */
export function fromHex(text: unknown, length: number, what: string): Uint8Array {
  if (typeof text !== 'string' || text.length !== length * 2 || !/^[0-9a-f]*$/.test(text)) {
    throw damaged(`${what} is not ${String(length)} bytes of hex.`);
  }
  return new Uint8Array(Buffer.from(text, 'hex'));
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}

/** A `Buffer` over the same memory, for its fast number and text methods. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Little-endian reading with every bound checked: reading past the end throws `repository.damaged`. */
export class ByteReader {
  private readonly bytes: Buffer;
  private readonly what: string;
  private at = 0;

  constructor(bytes: Uint8Array, what: string) {
    this.bytes = asBuffer(bytes);
    this.what = what;
  }

  get position(): number {
    return this.at;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  private take(length: number): number {
    const at = this.at;
    if (length > this.bytes.length - at) throw damaged(`${this.what} ends early.`);
    this.at = at + length;
    return at;
  }

  u8(): number {
    return this.bytes.readUInt8(this.take(1));
  }

  u16(): number {
    return this.bytes.readUInt16LE(this.take(2));
  }

  u24(): number {
    return this.bytes.readUIntLE(this.take(3), 3);
  }

  u32(): number {
    return this.bytes.readUInt32LE(this.take(4));
  }

  u48(): number {
    return this.bytes.readUIntLE(this.take(6), 6);
  }

  /** A view of the next `length` bytes: no copy. */
  view(length: number): Uint8Array {
    const at = this.take(length);
    return this.bytes.subarray(at, at + length);
  }

  /** Throws unless everything was read. */
  end(): void {
    if (this.left !== 0) throw damaged(`${this.what} has ${String(this.left)} bytes too many.`);
  }
}

/** Little-endian writing into a buffer that grows. Values out of range throw Node's RangeError: a bug of the caller. */
export class ByteWriter {
  private buffer: Buffer;
  private at = 0;

  constructor(capacity = 1024) {
    this.buffer = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.at;
  }

  private grow(length: number): number {
    const at = this.at;
    if (at + length > this.buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, at + length));
      this.buffer.copy(larger, 0, 0, at);
      this.buffer = larger;
    }
    this.at = at + length;
    return at;
  }

  u8(value: number): void {
    const at = this.grow(1);
    this.buffer.writeUInt8(value, at);
  }

  u16(value: number): void {
    const at = this.grow(2);
    this.buffer.writeUInt16LE(value, at);
  }

  u24(value: number): void {
    const at = this.grow(3);
    this.buffer.writeUIntLE(value, at, 3);
  }

  u32(value: number): void {
    const at = this.grow(4);
    this.buffer.writeUInt32LE(value, at);
  }

  u48(value: number): void {
    const at = this.grow(6);
    this.buffer.writeUIntLE(value, at, 6);
  }

  bytes(value: Uint8Array): void {
    const at = this.grow(value.length);
    this.buffer.set(value, at);
  }

  /** The bytes written so far, in memory of their own. */
  finish(): Uint8Array {
    return new Uint8Array(this.buffer.subarray(0, this.at));
  }
}
