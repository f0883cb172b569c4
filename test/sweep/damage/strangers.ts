import { deriveKeys } from '../../../electron/core/repository/format/crypto.ts';
import { encodeJournal } from '../../../electron/core/repository/format/journal-file.ts';
import { numberedPath } from '../../../electron/core/repository/format/manifest.ts';
import { systemRandom } from '../../../electron/core/base/system.ts';
import { OpenStore } from '../../helpers/repository/damage.ts';
import { sampleBytes, TinyRepository } from '../../helpers/repository/tiny.ts';
import { SEALED_ANEW } from './damages.ts';
import { makeSpecimen } from './specimen.ts';
import type { Specimen, Tree } from './specimen.ts';

/** Repositories whose files are put into a specimen: two of their own, and two that share half of its secret with it. */
export async function strangersOf(specimen: Specimen): Promise<Readonly<Record<string, Tree>>> {
  const others = {
    'another repository': (await makeSpecimen(specimen.protection)).tree,
    'one of the other protection': (await makeSpecimen(specimen.protection === 'none' ? 'keys' : 'none')).tree,
  };
  if (specimen.protection === 'keys') return others;
  const { repository, master } = JSON.parse(specimen.tree.get('config')?.toString('utf8') ?? '{}') as { readonly repository: string; readonly master: string };
  const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
  return {
    ...others,
    'one of the same master key': await forged(systemRandom.bytes(16), bytes(master)),
    'one of the same id': await forged(bytes(repository), systemRandom.bytes(32)),
    [SEALED_ANEW]: await sealedAnew(bytes(repository), bytes(master)),
  };
}

/** Files with the right seal and the number of another: only the name tells them. A config is its own proof, and has no number. */
async function sealedAnew(repository: Uint8Array, master: Uint8Array): Promise<Tree> {
  const { bytes, name } = encodeJournal(deriveKeys(repository, master), systemRandom, { v: 1, seq: 1, previous: [], facts: [] });
  const files = [...(await forged(repository, master))].filter(([file]) => !file.startsWith('config'));
  return new Map([...files, [numberedPath('journal', 1, name), Buffer.from(bytes)]]);
}

async function forged(repository: Uint8Array, master: Uint8Array): Promise<Tree> {
  const store = new OpenStore();
  const tiny = new TinyRepository(store, deriveKeys(repository, master));
  await tiny.writeConfig();
  const bytes = sampleBytes(400, 3);
  await tiny.snapshot({ groups: [{ name: 'g', chunks: [bytes] }], objects: [{ n: 'o', k: 'rows', g: 'g', at: 0, len: bytes.length }] });
  return new Map([...store.files].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([file, content]) => [file, Buffer.from(content)]));
}
