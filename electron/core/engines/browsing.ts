export interface BrowseRequest {
  readonly object: string;
  readonly offset: number;
  /** At most 1000. */
  readonly limit: number;
  readonly orderBy?: string;
}

/** A value as JSON can carry it: `{ $: 'int64' | 'blob' | 'real', v: string }` for what JSON numbers and strings cannot. */
export type CellValue = null | boolean | number | string | { readonly $: 'int64' | 'blob' | 'real' | 'text'; readonly v: string };

export interface BrowsePage {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly CellValue[])[];
  readonly total?: number;
}
