import { expect } from 'vitest';
import { toHex } from '../../../electron/core/repository/format/bytes.ts';
import { openIndexFile } from '../../../electron/core/repository/format/index-file.ts';
import type { PackEntry } from '../../../electron/core/repository/format/index-file.ts';
import type { Ground } from '../../../electron/core/repository/journal/ground.ts';

/** Everything that the index says, read without the product's index table. */
export async function entriesOf(ground: Ground): Promise<readonly PackEntry[]> {
  const files = await Promise.all(
    (await ground.store.list('index')).map(async ({ path: at }) => ({ at, file: openIndexFile(await ground.store.read(at), ground.keys) })),
  );
  const gone = new Set(files.flatMap(({ file }) => file.supersedes));
  const entries = files.filter(({ at }) => !gone.has(at.slice(6))).flatMap(({ file }) => [...file.packs]);
  return [...new Map(entries.map((entry) => [entry.name, entry])).values()];
}

/** Every pack that the index names is there, and every base of every delta in it lies in a plain segment of one. */
export async function basesAreHeld(ground: Ground): Promise<void> {
  const there = new Set([...(await ground.store.list('packs')), ...(await ground.store.list('meta'))].map((entry) => entry.path.slice(-32)));
  const entries = await entriesOf(ground);
  const plain = new Set<string>();
  for (const { name, footer } of entries) {
    expect(there.has(name), `pack ${name} is named by the index and there`).toBe(true);
    for (const record of footer.records) if (record.kind === 0) for (let at = 0; at < record.ids.length; at += 16) plain.add(toHex(record.ids, at, at + 16));
  }
  for (const { footer } of entries) {
    for (const record of footer.records)
      for (const base of record.bases) expect(plain.has(toHex(footer.baseIds, base * 16, base * 16 + 16)), 'a base is there').toBe(true);
  }
}

export async function deltaSegments(ground: Ground): Promise<number> {
  return (await entriesOf(ground)).flatMap((entry) => entry.footer.records).filter((record) => record.bases.length > 0).length;
}

/** Ids that lie in plain segments, and ids that deltas name as bases, by the index. */
export async function idsOf(ground: Ground): Promise<{ readonly plain: ReadonlySet<string>; readonly bases: ReadonlySet<string> }> {
  const plain = new Set<string>();
  const bases = new Set<string>();
  for (const { footer } of await entriesOf(ground)) {
    for (const record of footer.records) {
      if (record.kind === 0) for (let at = 0; at < record.ids.length; at += 16) plain.add(toHex(record.ids, at, at + 16));
      for (const base of record.bases) bases.add(toHex(footer.baseIds, base * 16, base * 16 + 16));
    }
  }
  return { plain, bases };
}
