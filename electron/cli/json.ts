import type { WireError } from '../contract/errors.ts';

/** Version of the object that `--json` prints. It grows only when something that a reader may rely on changes its meaning. */
export const jsonVersion = 1;

export type Envelope =
  | { readonly belay: typeof jsonVersion; readonly command: string; readonly ok: true; readonly data: unknown }
  | { readonly belay: typeof jsonVersion; readonly command: string; readonly ok: false; readonly error: WireError };

export function answered(command: string, data: unknown): Envelope {
  return { belay: jsonVersion, command, ok: true, data };
}

export function failed(command: string, error: WireError): Envelope {
  return { belay: jsonVersion, command, ok: false, error };
}
