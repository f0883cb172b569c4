import { z } from 'zod';
import { progress, wireError } from './model.ts';

export { PROTOCOL } from './protocol.ts';

/** Largest message of a client, bytes of UTF-8. Bulk bytes never cross; commands and their lists of names do. */
export const LARGEST_FROM_CLIENT = 2 ** 20;
/** Largest message of the host: a page of rows with wide cells. */
export const LARGEST_FROM_HOST = 32 * 2 ** 20;

const callId = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);
const name = z.string().min(1).max(100);

export const clientMessage = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('hello'),
    protocol: z.number().int(),
    version: z.string().max(100),
    /** Who it is, for the journal: `command`, `window`. */
    client: z.string().regex(/^[a-z]{1,20}$/),
    token: z.string().max(200).optional(),
  }),
  z.strictObject({ type: z.literal('call'), id: callId, name, input: z.unknown() }),
  z.strictObject({ type: z.literal('cancel'), id: callId }),
  z.strictObject({ type: z.literal('subscribe'), event: name }),
  z.strictObject({ type: z.literal('unsubscribe'), event: name }),
]);

export const hostMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('welcome'), version: z.string(), client: z.string() }),
  z.object({ type: z.literal('refused'), error: wireError }),
  z.object({ type: z.literal('result'), id: callId, output: z.unknown() }),
  z.object({ type: z.literal('error'), id: callId, error: wireError }),
  z.object({ type: z.literal('job'), id: callId, job: z.string() }),
  z.object({ type: z.literal('progress'), id: callId, progress }),
  z.object({ type: z.literal('event'), event: name, payload: z.unknown() }),
  z.object({ type: z.literal('closing'), reason: z.string() }),
]);

export type ClientMessage = z.input<typeof clientMessage>;
export type HostMessage = z.input<typeof hostMessage>;

/** The message in a text, or why it is none. */
export function parseMessage<T extends z.ZodType>(schema: T, text: string): { readonly message: z.output<T> } | { readonly fault: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { fault: 'it is not JSON' };
  }
  try {
    const parsed = schema.safeParse(value);
    if (parsed.success) return { message: parsed.data };
  } catch (error) {
    // A schema that refers to itself follows a message to any depth, and runs out of stack.
    if (!(error instanceof RangeError)) throw error;
  }
  return { fault: 'it is no message of this protocol' };
}
