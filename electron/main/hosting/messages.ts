import { z } from 'zod';
import { wireError } from '../../contract/model.ts';

/** What the process of the host tells the shell. */
export const hostState = z.discriminatedUnion('state', [z.object({ state: z.literal('open') }), z.object({ state: z.literal('failed'), error: wireError })]);
export type HostState = z.input<typeof hostState>;

/** What the shell tells the process of the host. */
export const hostOrder = z.object({ order: z.literal('leave') });
export type HostOrder = z.input<typeof hostOrder>;
