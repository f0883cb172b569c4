import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { quietTask } from '../../electron/core/base/ports.ts';
import { silentLog, systemClock, systemRandom } from '../../electron/core/base/system.ts';
import { createRepository } from '../../electron/core/repository/create.ts';
import type { Repository } from '../../electron/core/repository/repository.ts';
import type { Secret } from '../independent/keys.ts';
import type { IndependentReader } from '../independent/reader.ts';
import { inputs } from './independent-inputs.ts';
import type { Input } from './independent-inputs.ts';

export const ports = { clock: systemClock, random: systemRandom, log: silentLog };

export interface Made {
  readonly folder: string;
  /** Ids of the snapshots, in the order of `inputs`. */
  readonly ids: readonly string[];
  readonly recovery: Secret | undefined;
  readonly keyFile: Secret | undefined;
}

/** One snapshot per input, each with the one before as parent, through the repository's public face. */
export async function make(folder: string, chunkAverage: number, secret: string | undefined): Promise<Made> {
  const made = await createRepository(folder, { chunkAverage, keyFile: secret !== undefined, ...(secret === undefined ? {} : { passphrase: secret }) }, ports);
  const ids: string[] = [];
  try {
    for (const [at, input] of inputs.entries()) ids.push(await capture(made.repository, input, at, ids.at(-1)));
    await made.repository.record([
      { kind: 'tags', snapshot: ids[0] ?? '', add: ['later'], remove: ['number-0'] },
      { kind: 'pin', snapshot: ids[1] ?? '', reason: 'kept' },
    ]);
  } finally {
    await made.repository.close();
  }
  return {
    folder,
    ids,
    recovery: made.recoveryKey === undefined ? undefined : { kind: 'recovery', value: made.recoveryKey },
    keyFile: made.keyFile === undefined ? undefined : { kind: 'keyfile', value: Buffer.from(made.keyFile) },
  };
}

export async function capture(repository: Repository, input: Input, at: number, parent: string | undefined): Promise<string> {
  const writer = await repository.begin(parent === undefined ? {} : { parent }, quietTask());
  for (const { name, framing, pieces } of input.groups) {
    const group = await writer.group(name, framing);
    for (const { bytes, rowEnds } of pieces) await group.write(new Uint8Array(bytes), rowEnds === undefined ? undefined : new Uint32Array(rowEnds));
    await group.end();
  }
  for (const object of input.objects) await writer.object(object);
  const record = await writer.commit({ source: 'shop', engine: 'sqlite', tags: [`number-${at}`], createdAt: 1_760_000_000_000 + at, capture: { at } });
  return record.id;
}

/** What each input says its objects' bytes are. */
export function expected(input: Input): Map<string, Buffer> {
  const groups = new Map(input.groups.map(({ name, pieces }) => [name, Buffer.concat(pieces.map(({ bytes }) => bytes))]));
  return new Map(
    input.objects.map(({ name, group, at = 0, length = 0 }) => {
      const bytes = group === undefined ? undefined : groups.get(group);
      return [name, bytes?.subarray(at, at + length) ?? Buffer.alloc(0)];
    }),
  );
}

/** Names of objects that read back as other bytes, and of those that are missing or too many, of each snapshot that is there. */
export function differences(reader: IndependentReader, made: Made): string[] {
  const there = new Set(reader.history.snapshots.map(({ id }) => id));
  return inputs.flatMap((input, at) => {
    if (!there.has(made.ids[at] ?? '')) return [];
    const rows = new Map(reader.objects(reader.snapshot(made.ids[at] ?? '')).map((object) => [object.name, object]));
    const rightful = expected(input);
    const extra = [...rows.keys()].filter((name) => !rightful.has(name));
    const wrong = [...rightful].filter(([name, bytes]) => {
      const object = rows.get(name);
      return object === undefined || !Buffer.concat([...reader.read(object)]).equals(bytes);
    });
    return [...extra, ...wrong.map(([name]) => name)].map((name) => `${at}: ${name}`);
  });
}

export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
