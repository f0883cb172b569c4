/** Bounds of format 1. A reader refuses what exceeds them before it allocates; a writer never comes near. */

export const FORMAT_VERSION = 1;
/** Bytes of a chunk, list or table id, of a pack's name in binary form, and of a repository id. */
export const ID_BYTES = 16;
/** Bytes of an AES-GCM tag: a frame is this much longer than its plaintext. */
export const TAG_BYTES = 16;
/** Most plaintext bytes of one frame, most raw bytes of a segment, most bytes of a dictionary. */
export const MAX_FRAME = 1 << 20;
/** Most plaintext bytes of a footer, so that a pack's entry always fits one frame of an index file. */
export const MAX_FOOTER = MAX_FRAME - 64;
/** Most bytes of a sealed file. A pack is closed near `PACK_BYTES`. */
export const MAX_FILE = 64 << 20;
export const PACK_BYTES = 16 << 20;
/** Most frames of a sealed file. */
export const MAX_FRAMES = 1 << 17;
/** Most bases of one delta segment. */
export const MAX_BASES = 64;
/** Most distinct base ids of one pack; a writer closes the pack before. */
export const MAX_PACK_BASES = 65_535;
/** Entries of one list node. */
export const LIST_MIN_ENTRIES = 64;
export const LIST_MAX_ENTRIES = 1024;
/** Deepest list tree: far above what 2^48 bytes need. */
export const MAX_LIST_LEVEL = 8;
/** Most bytes of a manifest's JSON. */
export const MAX_MANIFEST_JSON = 256 << 10;
/** Most bytes of one row of an object table, its line end included. */
export const MAX_TABLE_ROW = 256 << 10;
/** Deepest nesting of objects and lists in any JSON; what engines write has five levels. */
export const MAX_JSON_DEPTH = 100;
/** Most bytes and chunks of an object table: with rows of 256 bytes, sixteen million objects. */
export const MAX_TABLE_BYTES = 2 ** 32;
export const MAX_TABLE_CHUNKS = 1 << 20;
export const MAX_CONFIG_BYTES = 64 << 10;
export const MAX_SLOT_BYTES = 4 << 10;
/** Most key slots that a writer adds to. */
export const MAX_SLOTS = 64;
/** Most scrypt that a reader computes for one passphrase, as the sum of N over the slots that it tries: 128 slots as they are written, about a minute. */
export const MAX_SCRYPT_WORK = 2 ** 24;
export const MAX_SEQ = 9_999_999_999;

/** Segment sizes that the writer aims at. Any other size up to `MAX_FRAME` reads the same. */
export const PLAIN_SEGMENT_BYTES = 960 << 10;
export const DELTA_SEGMENT_BYTES = 256 << 10;
