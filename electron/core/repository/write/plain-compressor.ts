import { constants, createZstdCompress } from 'node:zlib';
import type { ZstdCompress } from 'node:zlib';
import { BugError } from '../../base/errors.ts';
import { plainParameters } from '../format/segment.ts';

/** Output is taken from pieces of this size, several segments a piece. */
const PIECE_BYTES = 1 << 20;
/** More than any segment's output: the stream never waits for a reader. */
const WATER_MARK = 8 << 20;

/** `flush`: every write ends a frame, and the next one begins another. */
const streamOptions = { params: plainParameters, flush: constants.ZSTD_e_end, chunkSize: PIECE_BYTES, highWaterMark: WATER_MARK };

/**
 * Compresses plain segments one after the other with one zstd context, in the thread pool. A context of its own for each segment
 * (what `zlib.zstdCompress` does) costs a fifth more: its memory is mapped and cleared anew each time. One call at a time.
 */
export class PlainCompressor {
  readonly #stream: ZstdCompress = createZstdCompress(streamOptions);
  #reject: ((error: Error) => void) | undefined;

  constructor() {
    this.#stream.on('error', (error) => {
      this.#reject?.(error);
    });
  }

  /** One zstd frame of `raw`: memory shared with other results, never to be released. */
  compress(raw: Uint8Array): Promise<Uint8Array> {
    if (this.#reject !== undefined) throw new BugError('The compressor is at work already.');
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      this.#stream.write(raw, (error) => {
        this.#reject = undefined;
        const frame: unknown = this.#stream.read();
        if (error) reject(error);
        else if (frame instanceof Uint8Array) resolve(frame);
        else reject(new BugError('The compressor gave nothing.'));
      });
    });
  }

  /** Frees the context. */
  close(): void {
    this.#stream.close();
  }
}
