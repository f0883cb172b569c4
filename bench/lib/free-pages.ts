import { closeSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';

const HEADER = 100;
/** Pages that a trunk page of the freelist may name: SQLite itself leaves six fields unused, for old readers. */
const unused = 6;

/**
 * Makes a closed SQLite file as large as `bytes` by adding pages to its freelist, as after deleting nearly everything: the file is sparse, and sound by
 * SQLite's own check. See https://sqlite.org/fileformat2.html, 1.3 and 1.5.
 */
export function makeFreePages(path: string, bytes: number): void {
  const file = openSync(path, 'r+');
  try {
    const header = Buffer.alloc(HEADER);
    readSync(file, header, 0, HEADER, 0);
    if (header.readUInt32BE(32) !== 0) throw new Error('The file has free pages already.');
    const size = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
    const first = header.readUInt32BE(28) + 1;
    const last = Math.floor(bytes / size);
    const lockPage = Math.floor(2 ** 30 / size) + 1;
    const each = size / 4 - unused;
    let page = first;
    ftruncateSync(file, last * size);
    const next = (): number | undefined => {
      if (page === lockPage) page += 1;
      return page <= last ? page++ : undefined;
    };
    let trunk = next();
    const head = trunk;
    let count = 0;
    while (trunk !== undefined) {
      const leaves: number[] = [];
      while (leaves.length < each) {
        const leaf = next();
        if (leaf === undefined) break;
        leaves.push(leaf);
      }
      const following = next();
      const bytesOf = Buffer.alloc(8 + 4 * leaves.length);
      bytesOf.writeUInt32BE(following ?? 0, 0);
      bytesOf.writeUInt32BE(leaves.length, 4);
      for (const [at, leaf] of leaves.entries()) bytesOf.writeUInt32BE(leaf, 8 + 4 * at);
      writeSync(file, bytesOf, 0, bytesOf.length, (trunk - 1) * size);
      count += 1 + leaves.length;
      trunk = following;
    }
    const change = header.readUInt32BE(24) + 1;
    header.writeUInt32BE(change, 24);
    header.writeUInt32BE(last, 28);
    header.writeUInt32BE(head ?? 0, 32);
    header.writeUInt32BE(count, 36);
    header.writeUInt32BE(change, 92);
    writeSync(file, header, 0, HEADER, 0);
  } finally {
    closeSync(file);
  }
}
