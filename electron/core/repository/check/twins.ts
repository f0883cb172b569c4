import { isAppError, throwIfCancelled } from '../../base/errors.ts';
import type { BlobStore } from '../blob-store.ts';
import { isWrittenForm, parseConfig, verifyOwnConfig } from '../format/config.ts';
import { damaged } from '../format/bytes.ts';
import type { KeyMaterial } from '../format/crypto.ts';
import { eachAtOnce } from '../journal/each.ts';
import { SNAPSHOTS_COPY, kindOf, openManifest } from '../journal/manifest-files.ts';
import type { ManifestState } from '../journal/manifests.ts';
import { CONFIG, CONFIG_COPY } from '../keys/config-files.ts';
import type { Findings } from './findings.ts';

/** Both copies of the config, each for itself. Returns how many opened. */
export async function checkConfigs(store: BlobStore, keys: KeyMaterial, findings: Findings): Promise<number> {
  let good = 0;
  for (const path of [CONFIG, CONFIG_COPY]) {
    const opens = async (): Promise<void> => {
      const bytes = await store.read(path);
      const config = parseConfig(bytes);
      verifyOwnConfig(config, keys);
      if (!isWrittenForm(bytes, config)) throw damaged('It says what it should, and its bytes are not those that were written.');
    };
    if (await attempt(path, findings, opens)) good++;
  }
  return good;
}

/** The second copy of every manifest: reading snapshots only looks at it where the first is bad. */
export async function checkManifestCopies(store: BlobStore, keys: KeyMaterial, state: ManifestState, findings: Findings, signal: AbortSignal): Promise<number> {
  const names = state.paths.filter((path) => path.startsWith(`${SNAPSHOTS_COPY}/`));
  await eachAtOnce(names, async (path) => {
    throwIfCancelled(signal);
    await attempt(path, findings, async () => openManifest(path, await store.read(path), keys));
  });
  const listed = new Set(names.map((path) => path.slice(SNAPSHOTS_COPY.length + 1)));
  for (const { seq, id } of state.manifests) {
    const name = `${String(seq).padStart(10, '0')}-${id}`;
    if (!listed.has(name)) findings.add(`${SNAPSHOTS_COPY}/${name}`, 'missing', 'The second copy is missing.', true);
  }
  return names.length;
}

/** Runs `work`; an expected failure is noted as one that the other copy makes up for. */
async function attempt(path: string, findings: Findings, work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (!isAppError(error)) throw error;
    if (!findings.has(path)) findings.add(path, kindOf(error), error.message, true);
    return false;
  }
}
