import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { Cursor, must } from './bytes.ts';
import { fileKey, unseal } from './keys.ts';
import type { Keys } from './keys.ts';

const mebibyte = 1_048_576;
const headerLength = 64;
const closingLength = 16;
export const mostFrames = 131_072;
export const mostFooter = mebibyte - 64;
export const fileType = { data: 1, metadata: 2, index: 3, manifest: 4, journal: 5 } as const;

/** One sealed file (section 5), read by ranges. Close it after use. */
export class SealedFile implements Disposable {
  readonly path: string;
  readonly size: number;
  readonly #file: number;
  readonly #header: Buffer;
  readonly #key: Buffer;

  /** Refused: files that are missing, too large, of another type, of a newer format, or of another repository. */
  constructor(path: string, type: number, keys: Keys) {
    this.path = path;
    this.#file = openSync(path, 'r');
    try {
      this.size = fstatSync(this.#file).size;
      must(this.size <= 64 * mebibyte, `${path}: more than 64 MiB`);
      const header = this.#read(0, headerLength);
      must(header.toString('latin1', 0, 7) === 'BELAY\0\0', `${path}: not a file of Belay`);
      const version = header.readUInt8(7);
      must(version === 1, `${path}: of format ${version}; this reader knows format 1`);
      must(header.readUInt8(8) === type, `${path}: a file of type ${header.readUInt8(8)} where type ${type} belongs`);
      must(header.subarray(16, 32).equals(keys.repository), `${path}: belongs to another repository`);
      this.#header = header;
      this.#key = fileKey(keys, header.subarray(32, 64), type);
    } catch (error) {
      closeSync(this.#file);
      throw error;
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  /** The footer's plaintext, and how many frames and bytes of frames the parts that are not authenticated speak of. */
  footer(): { plain: Buffer; frames: number; framesLength: number } {
    const closing = new Cursor(this.#read(this.size - closingLength, closingLength), this.path);
    const [stored, frames] = [closing.number(4), closing.number(4)];
    must(closing.take(8).toString('latin1') === 'BELAYEND', `${this.path}: has no end`);
    must(frames <= mostFrames, `${this.path}: more than ${mostFrames} frames`);
    must(stored >= 16 && stored <= mostFooter + 16, `${this.path}: a footer of ${stored} bytes`);
    const at = this.size - closingLength - stored;
    must(at >= headerLength, `${this.path}: its footer is longer than the file`);
    return { plain: this.#open(at, stored, 0xffffffff, 'footer'), frames, framesLength: at - headerLength };
  }

  /** The plaintext of frame `number`, which takes `stored` bytes (tag included) at `at`. */
  frame(number: number, at: number, stored: number): Buffer {
    must(stored >= 16 && stored <= mebibyte + 16, `${this.path}: frame ${number} of ${stored} bytes`);
    return this.#open(at, stored, number, `frame ${number}`);
  }

  #open(at: number, stored: number, number: number, what: string): Buffer {
    const nonce = Buffer.alloc(12);
    nonce.writeUInt32LE(number);
    return unseal(this.#key, nonce, this.#header, this.#read(at, stored), `${this.path}: ${what}`);
  }

  #read(at: number, length: number): Buffer {
    must(at >= 0 && at + length <= this.size, `${this.path}: shorter than its parts`);
    const bytes = Buffer.alloc(length);
    let done = 0;
    while (done < length) {
      const got = readSync(this.#file, bytes, done, length - done, at + done);
      must(got > 0, `${this.path}: ends early`);
      done += got;
    }
    return bytes;
  }
}

/** Every frame's plaintext, in order, and what follows the stored lengths in the footer, of an index, manifest or journal file. */
export function readFrames(file: SealedFile): { frames: (() => Buffer)[]; rest: Cursor } {
  const { plain, frames, framesLength } = file.footer();
  const rest = new Cursor(plain, `${file.path}: footer`);
  const count = rest.number(4);
  must(count === frames, `${file.path}: ${frames} frames outside, ${count} in the footer`);
  const lengths = Array.from({ length: count }, () => rest.number(4));
  let at = headerLength;
  const readers = lengths.map((stored, number) => {
    const from = at;
    at += stored;
    return () => file.frame(number, from, stored);
  });
  must(at === headerLength + framesLength, `${file.path}: its frames do not fill it`);
  return { frames: readers, rest };
}
