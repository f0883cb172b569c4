import type { InstanceSpec } from '../../../containers/instance.ts';
import type { FittingImage } from './image.ts';

const MiB = 1 << 20;
const GiB = 1 << 30;
const hour = 3_600_000;

/** What a server for so much data is given. */
export interface Room {
  readonly memory: number;
  readonly sharedBuffers: number;
  readonly walBytes: number;
  /** How long a restore into it may take. */
  readonly workMs: number;
}

/** By the bytes of the stored rows. `machine`: bytes of memory of this machine, of which half is left to others. */
export function roomFor(bytes: number, machine: number): Room {
  const most = Math.max(512 * MiB, Math.min(4 * GiB, machine / 2));
  const memory = Math.floor(Math.min(most, Math.max(768 * MiB, 512 * MiB + bytes / 4)));
  return {
    memory,
    sharedBuffers: Math.floor(memory / 4),
    walBytes: Math.min(16 * GiB, Math.max(GiB, 2 * bytes)),
    // A megabyte in a second is slower than any disk that is in use.
    workMs: hour + Math.ceil(bytes / MiB) * 1000,
  };
}

/** Only for a server that nobody keeps: after a crash nothing of it is of use. */
function settings(room: Room): readonly string[] {
  const MB = (bytes: number): string => `${Math.floor(bytes / MiB)}MB`;
  return [
    'fsync=off',
    'synchronous_commit=off',
    'full_page_writes=off',
    'wal_level=minimal',
    'max_wal_senders=0',
    'autovacuum=off',
    `max_wal_size=${MB(room.walBytes)}`,
    'checkpoint_timeout=1h',
    `shared_buffers=${MB(room.sharedBuffers)}`,
    'jit=off',
    'max_connections=60',
    'password_encryption=scram-sha-256',
    // A process of it that was killed, for want of memory above all, ends it: nobody is to go on with half of it.
    'restart_after_crash=off',
    'listen_addresses=*',
    'port=5432',
    `unix_socket_directories=${socketFolder}`,
  ];
}

/** Not the usual one: engines make that anew, owned by root, where the root of a container is read-only. */
export const socketFolder = '/tmp';

/**
 * Not by the image's own start script: that would run what the image brings for a new database of its user's. No role has a password yet, so
 * that nobody comes in by the port; who is inside of the container needs none.
 */
const script = `set -eu
data="$1/server"; user="$2"; shift 2
initdb -D "$data" -U "$user" -A trust -E UTF8 --locale=C --no-sync > /tmp/initdb.log 2>&1 || { cat /tmp/initdb.log >&2; exit 1; }
printf 'local all all trust\\nhost all all all scram-sha-256\\n' > "$data/pg_hba.conf"
exec postgres -D "$data" -c "cluster_name=$BELAY_NONCE" "$@"`;

/** A server that is reached on loopback alone, in a container that can write to nothing but its own volume. */
export function serverSpec(image: FittingImage, room: Room, superuser: string): InstanceSpec {
  return {
    purpose: 'drill',
    image: image.id,
    entrypoint: ['/bin/sh', '-c', script, 'belay', image.folder, superuser],
    command: settings(room).flatMap((one) => ['-c', one]),
    user: 'postgres',
    env: { LC_ALL: 'C' },
    network: { kind: 'loopback', port: 5432 },
    folders: [
      { folder: image.folder, on: 'disk' },
      // Large objects pass through it on their way to several jobs of pg_restore.
      { folder: socketFolder, on: 'disk' },
    ],
    limits: { memory: room.memory, processes: 200, sharedMemory: Math.floor(room.memory / 4), lifetime: room.workMs + 24 * hour },
  };
}
