import { z } from 'zod';
import { segment } from './api.ts';
import type { Engine } from './engine.ts';
import { wasRefused } from './reply.ts';

/** How a throw-away instance with a port is reached from this machine. */
export interface InstanceAddress {
  readonly host: string;
  readonly port: number;
}

/** Of an engine's description of a container. */
export const reachedBy = z.object({
  Ports: z.record(z.string(), z.array(z.object({ HostIp: z.string(), HostPort: z.string() })).nullish()).nullish(),
  Networks: z.record(z.string(), z.object({ IPAddress: z.string().default('') })).nullish(),
});

/**
 * Docker publishes on loopback what stands in a network without address translation. Podman knows no such network: the port of one that is cut off from
 * everything else is reached by the container's own address, or by a program in it.
 */
export function publishes(engine: Engine): boolean {
  return engine.product === 'docker';
}

/** A network of an instance alone, out of which nothing leads. */
export async function makeNetwork(engine: Engine, name: string, labels: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
  if (engine.product === 'podman') return makeInternal(engine, name, labels, signal);
  const Options = { 'com.docker.network.bridge.enable_ip_masquerade': 'false', 'com.docker.network.bridge.enable_icc': 'false' };
  await engine.api.done({
    method: 'POST',
    path: '/networks/create',
    body: { Name: name, CheckDuplicate: true, Driver: 'bridge', Labels: labels, Options },
    signal,
  });
}

const made = z.object({ subnets: z.array(z.object({ subnet: z.string() })).min(1) });
const tries = 3;

/**
 * By Podman's own call: what its compatible one makes has a server of names, which asks those of the machine. Without one it gives this machine no address
 * in the network, unless it is told which; and which addresses are free it says only by making a network.
 */
async function makeInternal(engine: Engine, name: string, labels: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
  const api = engine.api.speaking(engine.version);
  const body = { name, driver: 'bridge', internal: true, dns_enabled: false, labels };
  const create = { method: 'POST', path: '/libpod/networks/create', signal } as const;
  for (let left = tries; ; left -= 1) {
    const [first] = (await api.json({ ...create, body }, made)).subnets;
    const [, start = '', last = ''] = /^(\d+\.\d+\.\d+\.)(\d+)\/\d+$/.exec(first?.subnet ?? '') ?? [];
    // Of another kind: it is reached by a program in it.
    if (start === '') return;
    await engine.api.done({ method: 'DELETE', path: `/networks/${segment(name)}`, signal });
    try {
      const subnets = [{ subnet: first?.subnet, gateway: `${start}${String(Number(last) + 1)}` }];
      await api.done({ ...create, body: { ...body, subnets } });
      return;
    } catch (error) {
      // Another one took those addresses meanwhile.
      if (!wasRefused(error) || left <= 1) throw error;
    }
  }
}

/** Where an instance's port is reached; undefined where it is not yet, or not over a network of this machine. */
export function addressOf(engine: Engine, found: z.infer<typeof reachedBy>, network: string, port: number): InstanceAddress | undefined {
  if (!publishes(engine)) {
    const host = found.Networks?.[network]?.IPAddress ?? '';
    return host === '' ? undefined : { host, port };
  }
  const bound = found.Ports?.[`${String(port)}/tcp`]?.find(({ HostIp }) => HostIp === '127.0.0.1');
  return bound === undefined ? undefined : { host: '127.0.0.1', port: Number(bound.HostPort) };
}

/** True where a container is in that network and no other; without one, in none at all. */
export function isIn(engine: Engine, mode: string, found: z.infer<typeof reachedBy>, network: string | undefined): boolean {
  if (engine.product === 'docker' || network === undefined) return mode === (network ?? 'none');
  // It says of every network of its own that it is a bridge.
  const names = Object.keys(found.Networks ?? {});
  return (mode === 'bridge' || mode === network) && names.length === 1 && names[0] === network;
}
