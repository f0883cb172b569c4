const link = /^belay:\/\/snapshot\/([0-9a-f]{8,64})\/?$/;

/** The page of a `belay://snapshot/<id>` link; undefined for anything else. Links come from anywhere: nothing but the id is taken of them. */
export function pageOfLink(url: string): string | undefined {
  const id = link.exec(url)?.[1];
  return id === undefined ? undefined : `/snapshot/${id}`;
}

/** The page that the arguments of a start name. */
export function pageOfArguments(argv: readonly string[]): string | undefined {
  for (const word of argv) {
    const page = pageOfLink(word);
    if (page !== undefined) return page;
  }
  return undefined;
}
