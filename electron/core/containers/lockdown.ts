import { AppError } from '../base/errors.ts';

/** How a throw-away instance is reached: not at all but by exec, or by a port of this machine's own loopback address. */
export type InstanceNetwork = { readonly kind: 'none' } | { readonly kind: 'loopback'; readonly port: number };

/** A folder of the instance that can be written to. Everything else is read-only. */
export interface InstanceFolder {
  readonly folder: string;
  /** In memory, counted against the limit, or on the engine's disk in a volume that goes with the instance. */
  readonly on: 'memory' | 'disk';
  /** Bytes; of a folder in memory. */
  readonly most?: number;
  /** Owner of a folder in memory. A volume takes owner and content from the image. */
  readonly uid?: number;
  readonly gid?: number;
  readonly mode?: number;
}

/** Rights of root that some servers' start scripts need to become their own user. Nothing else is ever given. */
export type Capability = 'CHOWN' | 'DAC_OVERRIDE' | 'FOWNER' | 'SETGID' | 'SETUID';

export interface InstanceLimits {
  readonly memory: number;
  readonly processes: number;
  /** Shared memory (`/dev/shm`), which PostgreSQL's parallel workers need; part of `memory`. */
  readonly sharedMemory?: number;
  /** Milliseconds from its start after which it may be reaped by anybody's Belay. */
  readonly lifetime: number;
}

export interface LockdownSpec {
  readonly network: InstanceNetwork;
  /** Name of the network made for it, where it has a port. */
  readonly networkName: string | undefined;
  /** Whether the port of such a network is published on loopback; else the container's own address is all that leads to it. */
  readonly published: boolean;
  readonly folders: readonly InstanceFolder[];
  readonly capabilities: readonly Capability[];
  readonly limits: InstanceLimits;
  readonly labels: Readonly<Record<string, string>>;
}

const allowed: ReadonlySet<string> = new Set<Capability>(['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETGID', 'SETUID']);
const leastMemory = 16 << 20;

/**
 * The part of a container's description that keeps it in: no network or a loopback port, no rights but those named, no new ones, nothing
 * writable but `folders`, nothing of the machine mounted, bounded in memory and processes, never started again by the engine.
 */
export function hostConfig(spec: LockdownSpec): Readonly<Record<string, unknown>> {
  for (const capability of spec.capabilities) if (!allowed.has(capability)) throw refused(`the capability ${capability}`);
  for (const { folder } of spec.folders)
    if (!folder.startsWith('/') || folder === '/' || folder.includes(':') || folder.includes('..')) throw refused(`the folder ${folder}`);
  if (spec.limits.memory < leastMemory || !Number.isSafeInteger(spec.limits.memory) || spec.limits.processes < 1) throw refused('an instance without limits');
  const inMemory = spec.folders.filter(({ on }) => on === 'memory');
  return {
    NetworkMode: spec.network.kind === 'none' ? 'none' : (spec.networkName ?? ''),
    PortBindings: spec.network.kind === 'none' || !spec.published ? {} : { [`${String(spec.network.port)}/tcp`]: [{ HostIp: '127.0.0.1', HostPort: '' }] },
    PublishAllPorts: false,
    Privileged: false,
    CapDrop: ['ALL'],
    CapAdd: [...spec.capabilities],
    SecurityOpt: ['no-new-privileges'],
    ReadonlyRootfs: true,
    Tmpfs: Object.fromEntries(inMemory.map((one) => [one.folder, tmpfsOptions(one)])),
    Mounts: spec.folders.filter(({ on }) => on === 'disk').map(({ folder }) => ({ Type: 'volume', Target: folder, VolumeOptions: { Labels: spec.labels } })),
    Memory: spec.limits.memory,
    // No swap beyond it.
    MemorySwap: spec.limits.memory,
    PidsLimit: spec.limits.processes,
    ...(spec.limits.sharedMemory === undefined ? {} : { ShmSize: spec.limits.sharedMemory }),
    RestartPolicy: { Name: 'no' },
    AutoRemove: false,
    LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '1' } },
  };
}

function tmpfsOptions(folder: InstanceFolder): string {
  const options = ['rw', 'nosuid', 'nodev', 'noexec', `size=${String(folder.most ?? leastMemory)}`, `mode=${(folder.mode ?? 0o700).toString(8)}`];
  if (folder.uid !== undefined) options.push(`uid=${String(folder.uid)}`);
  if (folder.gid !== undefined) options.push(`gid=${String(folder.gid)}`);
  return options.join(',');
}

function refused(what: string): AppError {
  return new AppError('target.denied', `A throw-away instance is not given ${what}.`, { hint: 'Report this: the engine asked for more than it may.' });
}
