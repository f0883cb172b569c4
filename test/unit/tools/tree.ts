import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout that these tests belong to. */
export const checkout = fileURLToPath(new URL('../../..', import.meta.url));

export interface Tree extends Disposable {
  readonly root: string;
  /** Writes files, given by their path below the root. */
  plant(files: Readonly<Record<string, string>>): void;
}

/** A temporary folder with the given files, removed at the end of its scope. */
export function plantTree(files: Readonly<Record<string, string>>): Tree {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'belay-tree-')));
  const tree: Tree = {
    root,
    plant: (more) => {
      for (const [path, text] of Object.entries(more)) {
        mkdirSync(dirname(join(root, path)), { recursive: true });
        writeFileSync(join(root, path), text);
      }
    },
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
  tree.plant(files);
  return tree;
}
