import { ByteWriter, fromHex } from '../../../electron/core/repository/format/bytes.ts';
import { openIndexFile } from '../../../electron/core/repository/format/index-file.ts';
import type { PackEntry } from '../../../electron/core/repository/format/index-file.ts';
import { encodePackFooter, packFileBytes } from '../../../electron/core/repository/format/pack.ts';
import { TYPE_INDEX } from '../../../electron/core/repository/format/sealed.ts';
import { keys, sealed } from './material.ts';

/** A frame of an index file over these packs, their lengths as they must be. */
export function encodeRecords(packs: readonly Omit<PackEntry, 'bytes'>[]): Uint8Array {
  const out = new ByteWriter();
  out.u16(packs.length);
  for (const { name, type, footer } of packs) {
    out.bytes(fromHex(name, 16, 'A name'));
    out.u32(packFileBytes(footer));
    out.u8(type);
    encodePackFooter(footer, out);
  }
  return out.finish();
}

/** What the product reads in a frame. */
export function decodeIndexFrame(frame: Uint8Array): readonly PackEntry[] {
  const footer = new ByteWriter();
  footer.u32(1);
  footer.u32(frame.length + 16);
  footer.u16(0);
  return [...openIndexFile(sealed(TYPE_INDEX, frame, footer.finish()), keys).packs];
}
