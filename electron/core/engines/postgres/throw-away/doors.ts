import type { Duplex } from 'node:stream';
import { AppError, isCancelled } from '../../../base/errors.ts';
import type { Engine } from '../../../containers/engine.ts';
import type { EngineContext } from '../../engine.ts';
import { execStream } from '../session/exec-stream.ts';

/** Where tools connect, in the container. */
export const toolPort = 5432;
const doorPort = 5433;

/** Lies there once connections are taken. */
export const readyFile = '/tmp/belay-ready';

/**
 * The first process of a container with tools, which has no network: each connection that a tool makes is handed to the next program of ours that comes in by the
 * other port, and whose streams Belay holds. Two processes a connection, since one that waits for either side could wait for both.
 */
export const doorkeeper = `use strict; use IO::Socket::INET; $SIG{PIPE} = "IGNORE"; $SIG{CHLD} = "IGNORE";
sub on { IO::Socket::INET->new(Listen => 64, LocalAddr => "127.0.0.1", LocalPort => shift, Proto => "tcp", ReuseAddr => 1) or exit 3 }
sub hand { my ($from, $to) = @_; while (my $n = sysread($from, my $part, 65536)) { my $at = 0; while ($at < $n) { my $w = syswrite($to, $part, $n - $at, $at); return unless defined $w; $at += $w; } } }
my ($tools, $doors) = (on(${String(toolPort)}), on(${String(doorPort)}));
open(my $ready, ">", "${readyFile}") or exit 4; close $ready;
for (;;) {
  my $tool = $tools->accept or exit 5; my $door = $doors->accept or exit 5;
  my $child = fork; exit 6 unless defined $child;
  if ($child == 0) { close $tools; close $doors; my $other = fork; exit 6 unless defined $other;
    if ($other == 0) { hand($tool, $door) } else { hand($door, $tool) }
    shutdown($tool, 2); shutdown($door, 2); exit 0; }
  close $tool; close $door;
}`;

/** A container whose first process is the doorkeeper. */
interface Kept {
  readonly engine: Engine;
  readonly row: { readonly id: string; readonly name: string };
}

/**
 * Hands every connection that a tool makes in the container to one that `dial` gives. One that cannot be had is closed again, which the tool tells. The
 * returned function ends them all.
 */
export function keepDoors(kept: Kept, dial: () => Promise<Duplex>, context: EngineContext): () => void {
  const open = new Set<Duplex>();
  let closed = false;
  const hold = (stream: Duplex): void => {
    open.add(stream);
    stream.once('close', () => open.delete(stream));
    stream.on('error', (error) => {
      if (!closed) context.log.info('a connection of a tool in a throw-away container broke off', { why: error.message });
    });
    if (closed) stream.destroy();
  };
  const join = async (door: Duplex, first: Buffer): Promise<void> => {
    try {
      const server = await dial();
      hold(server);
      server.once('close', () => door.end());
      door.once('close', () => server.end());
      server.write(first);
      door.pipe(server);
      server.pipe(door);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (!isCancelled(error)) context.log.warn('a tool in a throw-away container has no connection to its server', { why: error.message, ...codeOf(error) });
      door.destroy();
    }
  };
  // One waits at all times: it is taken by the first bytes that come out of it, since a client of PostgreSQL speaks first.
  const wait = (): void => {
    if (closed) return;
    const door = execStream(kept, doorPort, context);
    hold(door);
    door.once('data', (first: Buffer) => {
      door.pause();
      wait();
      void join(door, first);
    });
    door.connect();
  };
  wait();
  return () => {
    closed = true;
    for (const stream of open) stream.destroy();
  };
}

function codeOf(error: Error): { readonly code?: string } {
  return error instanceof AppError ? { code: error.code } : {};
}
