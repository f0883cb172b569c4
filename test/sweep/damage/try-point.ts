import { isAppError } from '../../../electron/core/base/errors.ts';
import type { Damage } from './damages.ts';
import { goOn } from './aftermath.ts';
import { complaints } from './judge.ts';
import { look, opened, Outrage, patiently } from './look.ts';
import type { Place } from './look.ts';
import type { OtherReader } from './other-reader.ts';
import { SeenMark, unlockOf } from './specimen.ts';
import type { Specimen } from './specimen.ts';

export type SlotKind = 'keyfile' | 'passphrase' | 'recovery';

/**
 * Puts a damage in place and asks everything; with `on`, repairs it and goes on. Returns what was wrong; the folder is left as it then is.
 */
export async function tryDamage(place: Place, damage: Damage, other: OtherReader, on: boolean): Promise<readonly string[]> {
  const { specimen } = place;
  place.prepare(damage.files);
  try {
    const unlock = unlockOf(specimen.protection, specimen.secrets, slotKindOf(specimen, damage));
    const seen = await patiently(() => opened(place.folder, unlock, new SeenMark(specimen.mark), (repository) => look(repository, specimen)));
    const wrong = complaints(specimen, damage, seen, other.without(damage.files.keys()));
    return on ? [...wrong, ...(await patiently(() => goOn(place, damage, unlock)))] : wrong;
  } catch (error) {
    if (error instanceof Outrage) return [error.message];
    if (!isAppError(error)) throw error;
    if (mayStayShut(specimen, damage)) return error.hint === undefined ? [`nothing is said of what to do: ${error.message}`] : [];
    return [`it does not open: ${error.code}: ${error.message}`];
  } finally {
    place.touched();
  }
}

/** The way that a damaged slot serves; any where none is hurt. Where both copies of one are, another way must still open. */
function slotKindOf({ tree }: Specimen, { files }: Damage): SlotKind {
  const slots = [...files.keys()].filter((file) => tree.has(file) && /^keys(\.copy)?\//.test(file));
  const [first] = slots;
  if (first === undefined) return 'keyfile';
  const kinds = new Set(slots.map((file) => kindOf(tree.get(file))));
  const bothHurt = new Set(slots.map((file) => file.slice(-32))).size < slots.length;
  if (!bothHurt) return kindOf(tree.get(first));
  return (['recovery', 'keyfile', 'passphrase'] as const).find((kind) => !kinds.has(kind)) ?? 'keyfile';
}

function kindOf(slot: Buffer | undefined): SlotKind {
  return (JSON.parse(slot?.toString('utf8') ?? '{}') as { readonly kind: SlotKind }).kind;
}

/** Whether the damage takes what nothing can make up for: both copies of the config, or every key slot. */
function mayStayShut({ protection, tree }: Specimen, { files, rolledBack }: Damage): boolean {
  if (rolledBack === 'all') return false;
  // A reader that finds key slots must refuse a config that calls the repository unprotected: anybody could put such a one there.
  if (protection === 'none' && [...files.keys()].some((file) => file.startsWith('keys'))) return true;
  const whole = [...tree].filter(([file, bytes]) => !files.has(file) || files.get(file)?.equals(bytes) === true).map(([file]) => file);
  const config = whole.some((file) => file === 'config' || file === 'config.copy');
  const slots = [...tree.keys()].some((file) => file.startsWith('keys/')) && !whole.some((file) => /^keys(\.copy)?\//.test(file));
  return !config || slots;
}
