import type { OptionSpec } from './spec.ts';

/** Where the whole connection URL goes, which nothing prints. */
export const urlFileOption: OptionSpec = {
  flags: '--url-file <file>',
  description: 'write DATABASE_URL with its password to this new file, for its owner only',
  complete: 'file',
};

/** How what was put in place is reached; nothing where it is a file. */
export function urlLines({ url, urlFile }: { readonly url?: string | undefined; readonly urlFile?: string | undefined }): readonly string[] {
  if (url === undefined) return [];
  return [`DATABASE_URL=${url} (without its password${urlFile === undefined ? '' : `; with it in ${urlFile}`})`];
}
