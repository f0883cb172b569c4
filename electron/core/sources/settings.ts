import path from 'node:path';
import { z } from 'zod';
import { label, source } from '../../contract/model.ts';
import type { Source } from '../../contract/model.ts';
import { AppError } from '../base/errors.ts';
import type { Random } from '../base/ports.ts';
import { openDocument } from './document.ts';
import type { Document } from './document.ts';

/** Where the repository is and how this installation behaves. Never a secret. */
export const settingsSchema = z.strictObject({
  version: z.literal(1),
  repository: z
    .strictObject({
      /** Absolute path of the folder. */
      location: z.string().min(1),
      /** The repository's id when it was attached: another one found there is refused. */
      id: z.string().min(1),
      /** Absolute path of the key file that opens it, where one does. */
      keyFile: z.string().min(1).optional(),
    })
    .optional(),
  /** Where secrets are remembered; `auto` takes the keychain, else the encrypted file where there is one, else asks at each run. */
  secrets: z.enum(['auto', 'keychain', 'encrypted-file', 'ask']).default('auto'),
  /** Longest time that writers of a source may be made to wait during capture, milliseconds. */
  maxWriterWait: z.number().int().min(0).max(600_000).optional(),
  /** Hours for which the old copies of rewinds and restores are kept for undo; 0: no time takes them away. 24 where left out. */
  undoKeepHours: z.number().int().min(0).max(8760).optional(),
  /** MiB that the checkpoints of a database may take up on a server whose free space is not known. 10240 where left out. */
  checkpointLimitMiB: z.number().int().min(0).optional(),
});

export type Settings = z.infer<typeof settingsSchema>;

const sourcesSchema = z
  .strictObject({ version: z.literal(1), sources: z.array(source) })
  .refine((content) => new Set(content.sources.map((one) => one.name)).size === content.sources.length, 'has two sources of the same name');

/** The list of sources in the data directory: a file, so that the catalog stays a cache. Names are unique and case counts. */
export interface Sources {
  readonly file: string;
  /** In order of addition. */
  list(): Promise<readonly Source[]>;
  /** Throws `source.unknown`. */
  get(name: string): Promise<Source>;
  /** Resolves when durable. Throws `source.exists`. */
  add(source: Source): Promise<void>;
  /** Replaces the source of that name. Throws `source.unknown`. */
  replace(source: Source): Promise<void>;
  /** Returns what was removed. Throws `source.unknown`. */
  remove(name: string): Promise<Source>;
}

export function openSettings(home: string, ports: { readonly random: Random }): Document<Settings> {
  const empty: Settings = { version: 1, secrets: 'auto' };
  return openDocument<Settings>({ file: path.join(home, 'settings.json'), title: 'settings file', schema: settingsSchema, empty }, ports);
}

export function openSources(home: string, ports: { readonly random: Random }): Sources {
  const file = path.join(home, 'sources.json');
  const document = openDocument<z.infer<typeof sourcesSchema>>(
    { file, title: 'list of sources', schema: sourcesSchema, empty: { version: 1, sources: [] } },
    ports,
  );
  const find = (sources: readonly Source[], name: string): Source => {
    const found = sources.find((one) => one.name === name);
    if (found !== undefined) return found;
    throw new AppError('source.unknown', `There is no source named ${name}.`, {
      hint: sources.length === 0 ? 'Add one with `belay source add <file>`.' : 'List the sources with `belay source list`.',
      details: { name, known: sources.map((one) => one.name).slice(0, 50) },
    });
  };
  return {
    file,
    list: async () => (await document.read()).sources,
    get: async (name) => find((await document.read()).sources, name),
    async add(added) {
      await document.update((content) => {
        if (content.sources.some((one) => one.name === added.name)) {
          throw new AppError('source.exists', `There is a source named ${added.name} already.`, {
            hint: 'Choose another name with --name.',
            details: { name: added.name },
          });
        }
        return { ...content, sources: [...content.sources, { ...added, name: label.parse(added.name) }] };
      });
    },
    async replace(changed) {
      await document.update((content) => {
        const old = find(content.sources, changed.name);
        return { ...content, sources: content.sources.map((one) => (one === old ? changed : one)) };
      });
    },
    async remove(name) {
      const { promise, resolve } = Promise.withResolvers<Source>();
      await document.update((content) => {
        const removed = find(content.sources, name);
        resolve(removed);
        return { ...content, sources: content.sources.filter((one) => one !== removed) };
      });
      return promise;
    },
  };
}
