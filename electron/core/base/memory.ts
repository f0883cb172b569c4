/**
 * Gives the memory of a buffer back at once, instead of leaving it to the garbage collector: streams of large buffers make it run
 * more than a hundred times a gigabyte. The buffer must be the caller's alone and is empty afterwards, with every other view of
 * the same memory. Buffers so small that Node may keep them in shared memory are left as they are.
 */
export function release(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize) buffer.transfer(0);
}
