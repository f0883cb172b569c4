import { Duplex } from 'node:stream';
import { AppError } from '../../../base/errors.ts';
import type { Engine } from '../../../containers/engine.ts';
import { hasShell, startExec, type ContainerExec } from '../../../containers/exec.ts';
import type { EngineContext } from '../../engine.ts';

/**
 * A program in the container that hands bytes to the server in it and back, with what the image has: perl (Debian), bash, busybox (Alpine). It ends
 * with either side, so that the server sees a client that left as such: an end of its input is no end of a COPY. Two processes, since one that
 * waits for either side could wait for both. None of them is left to the container's first process, which is the server itself as a rule: one that a signal
 * ended would be taken for a crash of its own, and every session ended with it. So each is waited for, or ends with 0.
 */
const perl = `use strict; use IO::Socket::INET; use IO::Socket::UNIX; my $port = shift; $SIG{PIPE} = "IGNORE"; $SIG{TERM} = sub { exit 0 };
my $server = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port, Proto => "tcp");
for my $folder ("/var/run/postgresql", "/tmp") { last if $server; $server = IO::Socket::UNIX->new(Peer => "$folder/.s.PGSQL.$port"); }
exit 3 unless $server;
sub hand { my ($from, $to) = @_; while (my $n = sysread($from, my $part, 65536)) { my $at = 0; while ($at < $n) { my $w = syswrite($to, $part, $n - $at, $at); return unless defined $w; $at += $w; } } }
my $child = fork; exit 1 unless defined $child;
if ($child == 0) { hand(\\*STDIN, $server); shutdown($server, 2); exit 0; }
sub over { kill "TERM", $child; waitpid $child, 0; exit 0 } $SIG{TERM} = \\&over;
hand($server, \\*STDOUT); over();`;
const bash = `exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 3; exec 4<&0; trap over TERM; over() { trap "" TERM; kill $a $b 2>/dev/null; wait $a; wait $b; exit 0; }
cat <&3 & a=$!; cat <&4 >&3 & b=$!; wait -n; over`;
const launcher = `trap "exit 0" TERM; if perl -MIO::Socket::INET -MIO::Socket::UNIX -e 1 2>/dev/null; then exec perl -e "$2" "$1"; fi
if bash -c : 2>/dev/null; then exec bash -c "$3" relay "$1" 2>/dev/null; fi
if busybox true 2>/dev/null; then exec busybox nc 127.0.0.1 "$1"; fi
exit 127`;

/** A stream that begins with `connect`, as a socket does. */
export type ExecDuplex = Duplex & { connect(): Duplex };

/** The stream of one connection by a program in the container: for where no network leads there. Does nothing before its `connect`, which the driver calls. */
export function execStream(
  found: { readonly engine: Engine; readonly row: { readonly id: string; readonly name: string } },
  port: number,
  context: EngineContext,
): ExecDuplex {
  return new ExecStream(found, port, context);
}

class ExecStream extends Duplex {
  readonly #found: Parameters<typeof execStream>[0];
  readonly #port: number;
  readonly #context: EngineContext;
  readonly #ending = new AbortController();
  #exec: ContainerExec | undefined;
  #answered = false;

  constructor(found: Parameters<typeof execStream>[0], port: number, context: EngineContext) {
    super({ allowHalfOpen: false });
    this.#found = found;
    this.#port = port;
    this.#context = context;
  }

  /** What the driver calls of a socket. */
  connect(): this {
    void this.#start();
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    this.#exec?.ref();
    return this;
  }

  unref(): this {
    this.#exec?.unref();
    return this;
  }

  async #start(): Promise<void> {
    const { engine, row } = this.#found;
    // No shell's line: the scripts are fixed, and the port is an argument.
    const argv = ['/bin/sh', '-c', launcher, 'relay', String(this.#port), perl, bash] as const;
    try {
      // What an engine says of a program that it could not start comes as that program's output: the driver would read it.
      if (!(await hasShell(engine, row.id, this.#ending.signal))) throw nothingThere(row.name, this.#port);
      // Not the context's signal: a session that is cancelled first tells the server.
      const exec = await startExec(engine, row.id, { argv, keepStderr: 2000, signal: this.#ending.signal }, { random: this.#context.random });
      this.#exec = exec;
      this.#follow(exec);
      this.emit('connect');
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #follow(exec: ContainerExec): void {
    exec.stdout.on('data', (part: Buffer) => {
      this.#answered = true;
      if (!this.push(part)) exec.stdout.pause();
    });
    exec.end.then(
      ({ exitCode }) => {
        if (this.#answered || this.destroyed) this.push(null);
        else this.destroy(noServer(this.#found.row.name, this.#port, exitCode));
      },
      (error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))),
    );
  }

  override _read(): void {
    this.#exec?.stdout.resume();
  }

  override _write(part: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#exec === undefined) this.once('connect', () => this.#exec?.stdin.write(part, done));
    else this.#exec.stdin.write(part, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#exec === undefined) done();
    else this.#exec.stdin.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#ending.abort();
    done(error);
  }
}

/** 127 is the launcher's own where it found nothing to use. */
function noServer(container: string, port: number, exitCode: number): AppError {
  if (exitCode === 127) return nothingThere(container, port);
  return new AppError('source.unreachable', `No server answers in the container ${container}.`, {
    hint: 'Wait until it has started, or check that the port is the one inside the container.',
    details: { container },
    retryable: true,
  });
}

function nothingThere(container: string, port: number): AppError {
  return new AppError('tool.missing', `Nothing in the container ${container} can hand a connection to its server: no perl, bash or busybox.`, {
    hint: `Publish the port on 127.0.0.1 (ports: "127.0.0.1:${port}:${port}") and make the container anew.`,
    details: { container, port },
  });
}
