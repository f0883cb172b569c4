import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { systemCode } from '../base/errors.ts';

/** Where this process stands: what endpoints are looked for by. */
export interface EndpointFacts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** The user's home folder, absolute. */
  readonly userHome: string;
  /** The user's number; undefined where there is none. */
  readonly uid: number | undefined;
}

/** How an engine is reached: a local socket (or named pipe), or TCP with the certificates that go with it. */
export type Address =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls: TlsFiles | undefined };

export interface TlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface Endpoint {
  /** In words: `DOCKER_HOST`, `the context work`, `the default socket`. */
  readonly origin: string;
  readonly address: Address;
}

/** What the environment says; one that cannot be used is named with what to do, never passed over for another engine. */
export type EndpointChoice =
  | { readonly kind: 'candidates'; readonly endpoints: readonly Endpoint[]; /** True where the user named it. */ readonly named: boolean }
  | { readonly kind: 'unusable'; readonly origin: string; readonly why: string; readonly hint: string };

const smallest = { config: z.object({ currentContext: z.string().optional() }) };
const contextMeta = z.object({
  Name: z.string(),
  Endpoints: z.object({ docker: z.object({ Host: z.string(), SkipTLSVerify: z.boolean().optional() }).optional() }).optional(),
});
const windowsPipe = '//./pipe/docker_engine';

/**
 * As Docker's own tools choose: DOCKER_HOST, else DOCKER_CONTEXT or the current context of `~/.docker/config.json`, else CONTAINER_HOST
 * (Podman's), else the sockets where Docker, its rootless and desktop kinds and Podman listen, in that order. Reads files, contacts nothing.
 */
export async function chooseEndpoint(facts: EndpointFacts): Promise<EndpointChoice> {
  const host = present(facts.env['DOCKER_HOST']);
  if (host !== undefined) return fromHost('DOCKER_HOST', host, tlsOfEnvironment(facts));
  const config = present(facts.env['DOCKER_CONFIG']) ?? path.join(facts.userHome, '.docker');
  const named = present(facts.env['DOCKER_CONTEXT']) ?? (await currentContext(config));
  if (named !== undefined && named !== 'default') return fromContext(config, named);
  const podman = present(facts.env['CONTAINER_HOST']);
  if (podman !== undefined) return fromHost('CONTAINER_HOST', podman, undefined);
  return {
    kind: 'candidates',
    named: false,
    endpoints: usualSockets(facts).map(([origin, socket]) => ({ origin, address: { kind: 'socket', path: socket } })),
  };
}

function present(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' ? undefined : value.trim();
}

function usualSockets(facts: EndpointFacts): readonly (readonly [origin: string, socket: string])[] {
  if (facts.platform === 'win32')
    return [
      ['the default pipe of Docker', windowsPipe],
      ['the default pipe of Podman', '//./pipe/podman-machine-default'],
    ];
  const home = (...parts: string[]) => path.posix.join(facts.userHome, ...parts);
  const runtime = present(facts.env['XDG_RUNTIME_DIR']) ?? (facts.uid === undefined ? undefined : `/run/user/${String(facts.uid)}`);
  return [
    ['the default socket of Docker', '/var/run/docker.sock'],
    ...(runtime === undefined ? [] : [['the socket of rootless Docker', path.posix.join(runtime, 'docker.sock')] as const]),
    ['the socket of Docker Desktop', home('.docker', 'run', 'docker.sock')],
    ['the socket of Docker Desktop', home('.docker', 'desktop', 'docker.sock')],
    ['the socket of OrbStack', home('.orbstack', 'run', 'docker.sock')],
    ['the socket of Colima', home('.colima', 'default', 'docker.sock')],
    ['the socket of Rancher Desktop', home('.rd', 'docker.sock')],
    ...(runtime === undefined ? [] : [['the socket of rootless Podman', path.posix.join(runtime, 'podman', 'podman.sock')] as const]),
    ['the socket of Podman', '/run/podman/podman.sock'],
  ];
}

function fromHost(origin: string, host: string, tls: TlsFiles | undefined): EndpointChoice {
  const address = parseHost(host, tls);
  if ('why' in address) return { kind: 'unusable', origin, ...address };
  return { kind: 'candidates', named: true, endpoints: [{ origin, address }] };
}

/** The address that a host names in Docker's way of writing, or why it is of no use. */
export function parseHost(host: string, tls: TlsFiles | undefined): Address | { readonly why: string; readonly hint: string } {
  const [, scheme = '', rest = ''] = /^([a-z]+):\/\/(.*)$/s.exec(host) ?? ['', 'tcp', host];
  if (scheme === 'unix') {
    const socket = rest === '' ? '/var/run/docker.sock' : rest;
    return path.posix.isAbsolute(socket)
      ? { kind: 'socket', path: socket }
      : { why: 'it names no absolute path', hint: 'Write it as unix:///path/to/docker.sock.' };
  }
  if (scheme === 'npipe') return { kind: 'socket', path: rest === '' ? windowsPipe : rest };
  if (scheme === 'ssh')
    return {
      why: 'engines behind ssh are not reached directly',
      hint: 'Forward its socket (ssh -N -L /path/docker.sock:/var/run/docker.sock host) and set DOCKER_HOST=unix:///path/docker.sock.',
    };
  if (scheme !== 'tcp' && scheme !== 'http' && scheme !== 'https') return { why: 'its scheme is not known', hint: 'Use unix://, npipe:// or tcp://.' };
  return tcpAddress(rest, tls, scheme === 'https');
}

function tcpAddress(rest: string, tls: TlsFiles | undefined, secure: boolean): ReturnType<typeof parseHost> {
  const malformed = { why: 'it names no host and port', hint: 'Write it as tcp://host:2376.' };
  if (!URL.canParse(`http://${rest}`)) return malformed;
  const url = new URL(`http://${rest}`);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (host === '' || url.username !== '' || url.password !== '' || (url.pathname !== '/' && url.pathname !== '')) return malformed;
  if (tls === undefined && (secure || !isLoopback(host)))
    return {
      why: 'it is not on this machine and no certificates are named, so that everything sent there could be read',
      hint: 'Set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH to the folder with ca.pem, cert.pem and key.pem, or forward its socket over ssh.',
    };
  const standard = tls === undefined ? 2375 : 2376;
  return { kind: 'tcp', host, port: url.port === '' ? (rest.endsWith(':80') ? 80 : standard) : Number(url.port), tls };
}

/** True where the host is this machine by its name or number alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function tlsOfEnvironment(facts: EndpointFacts): TlsFiles | undefined {
  const folder = present(facts.env['DOCKER_CERT_PATH']);
  const verify = present(facts.env['DOCKER_TLS_VERIFY']);
  if (folder === undefined && verify === undefined) return undefined;
  return tlsFiles(folder ?? path.join(facts.userHome, '.docker'));
}

function tlsFiles(folder: string): TlsFiles {
  return { ca: path.join(folder, 'ca.pem'), cert: path.join(folder, 'cert.pem'), key: path.join(folder, 'key.pem') };
}

async function currentContext(config: string): Promise<string | undefined> {
  const parsed = smallest.config.safeParse(await readJson(path.join(config, 'config.json')));
  return parsed.success ? present(parsed.data.currentContext) : undefined;
}

async function fromContext(config: string, name: string): Promise<EndpointChoice> {
  const origin = `the context ${name}`;
  // Docker's own layout: a folder named by the hash of the context's name.
  const hash = createHash('sha256').update(name).digest('hex');
  const meta = contextMeta.safeParse(await readJson(path.join(config, 'contexts', 'meta', hash, 'meta.json')));
  const docker = meta.success && meta.data.Name === name ? meta.data.Endpoints?.docker : undefined;
  const hint = 'List the contexts with `docker context ls`, choose one with `docker context use`, or set DOCKER_HOST.';
  if (docker === undefined) return { kind: 'unusable', origin, why: 'it is not there, or cannot be read', hint };
  if (docker.SkipTLSVerify === true) return { kind: 'unusable', origin, why: 'it does not verify the certificate of its engine', hint };
  const certificates = tlsFiles(path.join(config, 'contexts', 'tls', hash, 'docker'));
  return fromHost(origin, docker.Host, (await exists(certificates.ca)) ? certificates : undefined);
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError || systemCode(error) !== undefined) return undefined;
    throw error;
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await readFile(file);
    return true;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return false;
  }
}

/** The address in Docker's way of writing. */
export function addressText(address: Address): string {
  if (address.kind === 'socket') return address.path.startsWith('//') ? `npipe://${address.path}` : `unix://${address.path}`;
  return `tcp://${address.host.includes(':') ? `[${address.host}]` : address.host}:${String(address.port)}`;
}
