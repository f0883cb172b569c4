import type { WireError } from '../../contract/errors.ts';

/** What goes over the private channel between this process and an agent. */
export interface AgentRequest {
  readonly id: number;
  readonly method: string;
  readonly params: unknown;
}

export type AgentReply =
  | { readonly id: number; readonly kind: 'result'; readonly result: unknown }
  | { readonly id: number; readonly kind: 'error'; readonly error: WireError }
  | { readonly id: number; readonly kind: 'progress'; readonly progress: unknown };

/** One method: what it takes, and what it answers. */
export interface AgentCall {
  readonly params: unknown;
  readonly result: unknown;
}

export function isRequest(value: unknown): value is AgentRequest {
  return typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'number' && 'method' in value && typeof value.method === 'string';
}

export function isReply(value: unknown): value is AgentReply {
  if (typeof value !== 'object' || value === null || !('id' in value) || typeof value.id !== 'number' || !('kind' in value)) return false;
  return value.kind === 'result' || value.kind === 'error' || value.kind === 'progress';
}
