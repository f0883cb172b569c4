import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import type { Duplex, Readable } from 'node:stream';
import { z } from 'zod';
import { AppError, CancelledError, throwIfCancelled } from '../base/errors.ts';
import type { Address } from './endpoint.ts';
import { RefusedError } from './reply.ts';

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';
  /** Parts from the outside (ids, names) must have passed `segment`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, unknown>>;
  /** Asks for a connection in both directions. */
  readonly upgrade?: true;
  readonly signal: AbortSignal;
  /** Milliseconds within which the answer (of a stream: its head) must be there. */
  readonly withinMs?: number;
}

/**
 * The engine's HTTP interface. Every call ends: with the answer, with `RefusedError` where the engine refused, with a system error where
 * it went away, with `CancelledError` where `signal` was aborted, and after `withinMs` as not answering.
 */
export interface EngineApi {
  json<T>(call: Call, schema: z.ZodType<T>): Promise<T>;
  /** Where only the success matters. */
  done(call: Call): Promise<void>;
  /** The body as a stream that ends with an error where it was cut short. The caller reads it to its end or destroys it. */
  stream(call: Call): Promise<http.IncomingMessage>;
  /** Sends a body of unknown length. */
  upload(call: Call, body: Readable): Promise<void>;
  /** A connection of the caller's own in both directions. The caller destroys it. */
  hijack(call: Call): Promise<Duplex>;
  /** The same engine, spoken to in this version of its interface. */
  speaking(version: string): EngineApi;
}

const usualMs = 20_000;
/** Answers that are read whole. A list of a thousand containers is a megabyte. */
const mostAnswer = 64 << 20;

interface Target {
  readonly options: https.RequestOptions;
  readonly secure: boolean;
  readonly version: string | undefined;
}

/** Opens nothing yet. Throws `source.denied` where the certificates of the address cannot be read. */
export async function openApi(address: Address): Promise<EngineApi> {
  // A connection a call: one that is kept would be found broken after the engine was started anew.
  if (address.kind === 'socket') return apiOver({ options: { socketPath: address.path, agent: false }, secure: false, version: undefined });
  const { host, port, tls } = address;
  if (tls === undefined) return apiOver({ options: { host, port, agent: false }, secure: false, version: undefined });
  try {
    const [ca, cert, key] = await Promise.all([readFile(tls.ca), readFile(tls.cert), readFile(tls.key)]);
    return apiOver({ options: { host, port, ca, cert, key, agent: false }, secure: true, version: undefined });
  } catch (error) {
    throw new AppError('source.denied', 'The certificates of the container engine cannot be read.', {
      hint: 'Check DOCKER_CERT_PATH, or the files of the context: ca.pem, cert.pem and key.pem.',
      cause: error,
    });
  }
}

/** A part of a path that came from outside. */
export function segment(text: string): string {
  // A slash within would be another path, to which engines answer with a redirection.
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(text)) throw new RefusedError(404, `${JSON.stringify(text.slice(0, 100))} is no id or name`);
  return text;
}

function apiOver(target: Target): EngineApi {
  return {
    async json(call, schema) {
      const text = await whole(await answered(target, call, undefined), call);
      const answer = schema.safeParse(parse(text, call));
      if (answer.success) return answer.data;
      throw new RefusedError(502, `its answer to ${call.method} ${call.path} was not understood: ${z.prettifyError(answer.error)}`);
    },
    done: async (call) => void (await whole(await answered(target, call, undefined), call)),
    stream: (call) => answered(target, call, undefined),
    async upload(call, body) {
      try {
        await whole(await answered(target, call, body), call);
      } finally {
        body.destroy();
      }
    },
    hijack: async (call) => {
      const answer = await dial(target, call, undefined);
      if ('socket' in answer) return answer.socket;
      answer.response.destroy();
      throw new RefusedError(502, 'it gave no connection in both directions');
    },
    speaking: (version) => apiOver({ ...target, version }),
  };
}

type Answer = { readonly response: http.IncomingMessage } | { readonly socket: Duplex };

async function answered(target: Target, call: Call, body: Readable | undefined): Promise<http.IncomingMessage> {
  const answer = await dial(target, call, body);
  if ('response' in answer) return answer.response;
  answer.socket.destroy();
  throw new RefusedError(502, 'it changed the protocol without being asked');
}

/** Sends the call and answers with a success's head. Redirections are refusals: no engine has a reason for one. */
async function dial(target: Target, call: Call, body: Readable | undefined): Promise<Answer> {
  throwIfCancelled(call.signal);
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const request = (target.secure ? https : http).request({
    ...target.options,
    method: call.method,
    path: pathOf(target, call),
    headers: headersOf(call, body),
  });
  const cancel = (): void => {
    reject(new CancelledError());
    request.destroy();
  };
  const timer = setTimeout(() => {
    reject(Object.assign(new Error(`no answer within ${String(call.withinMs ?? usualMs)} ms`), { code: 'ETIMEDOUT' }));
    request.destroy();
  }, call.withinMs ?? usualMs);
  call.signal.addEventListener('abort', cancel, { once: true });
  request.once('upgrade', (_response, socket: Duplex, head: Buffer) => {
    if (head.length > 0) socket.unshift(head);
    resolve({ socket });
  });
  request.once('response', (response) => {
    if ((response.statusCode ?? 0) >= 200 && (response.statusCode ?? 0) < 300) resolve({ response });
    else if (response.statusCode === 304) resolve({ response });
    else refusal(response, call).then(reject, reject);
  });
  request.on('error', reject);
  if (body !== undefined) {
    body.once('error', (error) => request.destroy(error));
    body.pipe(request);
  } else request.end(call.body === undefined ? undefined : JSON.stringify(call.body));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    call.signal.removeEventListener('abort', cancel);
  }
}

function pathOf({ version }: Target, { path, query }: Call): string {
  const asked = new URLSearchParams(query).toString();
  return `${version === undefined ? '' : `/v${version}`}${path}${asked === '' ? '' : `?${asked}`}`;
}

function headersOf(call: Call, body: Readable | undefined): http.OutgoingHttpHeaders {
  const host = { Host: 'docker' };
  const upgrade = call.upgrade === true ? { Connection: 'Upgrade', Upgrade: 'tcp' } : {};
  if (body !== undefined) return { ...host, 'Content-Type': 'application/x-tar' };
  if (call.body === undefined) return { ...host, ...upgrade };
  return { ...host, ...upgrade, 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(JSON.stringify(call.body)) };
}

const refusalSchema = z.object({ message: z.string() });

async function refusal(response: http.IncomingMessage, call: Call): Promise<RefusedError> {
  const status = response.statusCode ?? 0;
  const text = await whole(response, call);
  const said = refusalSchema.safeParse(parseOr(text));
  return new RefusedError(status, said.success ? said.data.message : text);
}

/** The answer's whole body, within the call's time. Throws where it breaks off, or is longer than any answer. */
async function whole(response: http.IncomingMessage, call: Call): Promise<string> {
  const within = AbortSignal.any([call.signal, AbortSignal.timeout(call.withinMs ?? usualMs)]);
  const stop = (): void => void response.destroy(Object.assign(new Error('no end of the answer'), { code: 'ETIMEDOUT' }));
  within.addEventListener('abort', stop, { once: true });
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      parts.push(part);
      size += part.length;
      if (size > mostAnswer) throw new RefusedError(502, `its answer to ${call.path} is longer than any answer`);
    }
  } catch (error) {
    if (call.signal.aborted) throw new CancelledError();
    throw error;
  } finally {
    within.removeEventListener('abort', stop);
  }
  return Buffer.concat(parts).toString('utf8');
}

function parse(text: string, call: Call): unknown {
  const value = parseOr(text);
  if (value === undefined) throw new RefusedError(502, `its answer to ${call.method} ${call.path} was no JSON`);
  return value;
}

function parseOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
