import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { AppError, isCancelled, systemCode } from '../base/errors.ts';
import { openApi } from './api.ts';
import type { EngineApi } from './api.ts';
import { addressText, chooseEndpoint, isLoopback } from './endpoint.ts';
import type { Endpoint, EndpointFacts } from './endpoint.ts';
import { wasRefused } from './reply.ts';

/** An engine that answered, and how to speak with it. */
export interface Engine {
  readonly api: EngineApi;
  readonly endpoint: Endpoint;
  readonly product: 'docker' | 'podman';
  readonly version: string;
  readonly apiVersion: string;
  /** True where its published ports and sockets are this machine's own. */
  readonly local: boolean;
}

/** What was found where a container engine was looked for. Each but `answers` says in words what is the matter and what to do. */
export type EngineState =
  | { readonly state: 'answers'; readonly engine: Engine }
  | {
      readonly state: 'not-installed' | 'unusable' | 'not-running' | 'denied' | 'too-old' | 'not-answering';
      readonly statement: string;
      readonly hint: string;
    };

type Failed = Exclude<EngineState, { state: 'answers' }>;

/** Docker 20.10, Podman 4: older ones lack what throw-away instances are locked down with. */
const leastApi = '1.41';
/** The newest that was tried; an engine that no longer speaks it is spoken to in its oldest. */
const newestApi = '1.47';
/** How long one is waited for: who looks at what is there waits for no hung one, whose work needs it also for one on a machine with much else to do. */
const patienceMs = { look: 3_000, work: 15_000 } as const;
export type Patience = keyof typeof patienceMs;

const versionSchema = z.object({
  Version: z.string(),
  ApiVersion: z.string().regex(/^\d+\.\d+$/),
  MinAPIVersion: z
    .string()
    .regex(/^\d+\.\d+$/)
    .optional()
    .catch(undefined),
});

/**
 * Looks for an engine where the environment says, else where they usually are, and takes the first that answers. Every candidate is
 * given three seconds, or fifteen for `work` that cannot be done without; changes nothing anywhere. Throws only `CancelledError`.
 */
export async function findEngine(facts: EndpointFacts, signal: AbortSignal, patience: Patience = 'look'): Promise<EngineState> {
  const choice = await chooseEndpoint(facts);
  if (choice.kind === 'unusable')
    return { state: 'unusable', statement: `No container engine is reached through ${choice.origin}: ${choice.why}.`, hint: choice.hint };
  const failures: Failed[] = [];
  for (const endpoint of choice.endpoints) {
    const found = await probe(endpoint, choice.named, { signal, withinMs: patienceMs[patience] });
    if (found?.state === 'answers') return found;
    if (found !== undefined) failures.push(found);
  }
  const order = ['denied', 'too-old', 'not-answering', 'not-running'] as const;
  for (const state of order) {
    const failure = failures.find((one) => one.state === state);
    if (failure !== undefined) return failure;
  }
  if (await installed(facts))
    return {
      state: 'not-running',
      statement: 'Docker or Podman is installed, but none of the usual sockets is there.',
      hint: 'Start it (Docker Desktop, `systemctl start docker`, `systemctl --user start podman.socket`), or set DOCKER_HOST to where it listens.',
    };
  return (
    failures[0] ?? {
      state: 'not-installed',
      statement: 'No container engine was found.',
      hint: 'Install Docker or Podman, or start Docker Desktop; or set DOCKER_HOST to where one listens.',
    }
  );
}

async function installed(facts: EndpointFacts): Promise<boolean> {
  const folders = (facts.env['PATH'] ?? '').split(facts.platform === 'win32' ? ';' : ':').filter((folder) => path.isAbsolute(folder));
  const names = facts.platform === 'win32' ? ['docker.exe', 'podman.exe'] : ['docker', 'podman', 'dockerd'];
  for (const folder of folders) for (const name of names) if (await executable(path.join(folder, name))) return true;
  return false;
}

async function executable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return false;
  }
}

/** The engine, or an error that says why there is none: `details.state` is the state. */
export function engineOrThrow(found: EngineState): Engine {
  if (found.state === 'answers') return found.engine;
  const codes = {
    'not-installed': 'tool.missing',
    unusable: 'source.unsupported',
    'not-running': 'source.unreachable',
    'not-answering': 'source.unreachable',
    denied: 'source.denied',
    'too-old': 'source.unsupported',
  } as const;
  throw new AppError(codes[found.state], found.statement, {
    hint: found.hint,
    details: { state: found.state },
    retryable: found.state === 'not-running' || found.state === 'not-answering',
  });
}

interface Limits {
  readonly signal: AbortSignal;
  readonly withinMs: number;
}

/** Undefined where there is nothing at all at a usual place. */
async function probe(endpoint: Endpoint, named: boolean, limits: Limits): Promise<EngineState | undefined> {
  const place = `${addressText(endpoint.address)} (${endpoint.origin})`;
  try {
    const api = await openApi(endpoint.address);
    const podman = await podmanAt(api, limits);
    const answer = podman ?? (await api.json({ method: 'GET', path: '/version', ...limits }, versionSchema));
    if (compareApi(answer.ApiVersion, leastApi) < 0) {
      return {
        state: 'too-old',
        statement: `The container engine at ${place} is too old: ${answer.Version} speaks version ${answer.ApiVersion} of the interface.`,
        hint: 'Update to Docker 20.10 or Podman 4, or newer.',
      };
    }
    const spoken = spokenApi(answer.ApiVersion, answer.MinAPIVersion);
    return {
      state: 'answers',
      engine: {
        api: api.speaking(spoken),
        endpoint,
        product: podman === undefined ? 'docker' : 'podman',
        version: answer.Version,
        apiVersion: spoken,
        local: endpoint.address.kind === 'socket' || isLoopback(endpoint.address.host),
      },
    };
  } catch (error) {
    if (isCancelled(error)) throw error;
    return stateOf(error, place, named);
  }
}

/** What Podman says of itself with any answer; undefined where another engine answers. To be asked for its version takes it a second and more. */
async function podmanAt(api: EngineApi, limits: Limits): Promise<z.infer<typeof versionSchema> | undefined> {
  try {
    const response = await api.stream({ method: 'GET', path: '/_ping', ...limits });
    response.destroy();
    const said = versionSchema.safeParse({ Version: response.headers['libpod-api-version'], ApiVersion: response.headers['api-version'] });
    return said.success ? said.data : undefined;
  } catch (error) {
    if (wasRefused(error)) return undefined;
    throw error;
  }
}

function stateOf(error: unknown, place: string, named: boolean): Failed | undefined {
  if (error instanceof AppError) return { state: 'unusable', statement: `${error.message} ${place}`, hint: error.hint ?? 'Set DOCKER_HOST.' };
  const code = systemCode(error);
  if (code === 'EACCES' || code === 'EPERM')
    return {
      state: 'denied',
      statement: `The socket of the container engine may not be used by this user: ${place}.`,
      hint: 'Add the user to the group docker and log in again, or use a rootless engine.',
    };
  if (wasRefused(error, 401, 403))
    return { state: 'denied', statement: `The container engine refuses this user: ${place}.`, hint: 'Check its authorization plugin, or its certificates.' };
  if ((code === 'ENOENT' || code === 'ENOTDIR') && !named) return undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ECONNREFUSED' || code === 'ENOTSOCK')
    return {
      state: 'not-running',
      statement: `No container engine listens at ${place}.`,
      hint: 'Start it (Docker Desktop, `systemctl start docker`, `systemctl --user start podman.socket`), or correct DOCKER_HOST or the context.',
    };
  return {
    state: 'not-answering',
    statement: `What listens at ${place} did not answer as a container engine does${code === undefined ? '' : ` (${code})`}.`,
    hint: 'Start the engine anew, or set DOCKER_HOST to another one.',
  };
}

function spokenApi(current: string, least: string | undefined): string {
  const wanted = compareApi(current, newestApi) < 0 ? current : newestApi;
  return least !== undefined && compareApi(wanted, least) < 0 ? least : wanted;
}

function compareApi(a: string, b: string): number {
  const [aMajor = 0, aMinor = 0] = a.split('.').map(Number);
  const [bMajor = 0, bMinor = 0] = b.split('.').map(Number);
  return aMajor === bMajor ? aMinor - bMinor : aMajor - bMajor;
}
