const longest = 30_000;

/** Resolves when `condition` holds, looking at every turn of the loop. Fails after half a minute. */
export async function until(condition: () => boolean): Promise<void> {
  const since = performance.now();
  while (!condition()) {
    if (performance.now() - since > longest) throw new Error('waited for half a minute in vain');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
