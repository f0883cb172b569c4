/** Who is likely to sit here: what the host's user calls the own folder. */
export function userOf(folder: string | undefined): string {
  return folder?.split(/[\\/]/).findLast((part) => part !== '') ?? '';
}
