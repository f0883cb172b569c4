/** Endings of the native files that are given out. */
export const exportFormats = ['.dump', '.sql'] as const;
