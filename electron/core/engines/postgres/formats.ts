/** Native files of a whole snapshot, and of one table's rows, by their endings. */
export const wholeFormats = ['.dump', '.sql', '.sql.gz'] as const;
export const tableFormats = ['.csv', '.ndjson'] as const;
export const exportFormats = [...wholeFormats, ...tableFormats] as const;
