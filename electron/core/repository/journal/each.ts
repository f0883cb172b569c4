/** Runs `work` for each item, up to 16 at once: what the system's four file threads need to stay busy. Stops at the first error. */
export async function eachAtOnce<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const item = items[next];
      next += 1;
      if (item !== undefined) await work(item);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(16, items.length) }, worker));
  } finally {
    next = items.length;
  }
}
