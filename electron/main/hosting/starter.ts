import { utilityProcess } from 'electron';
import type { UtilityProcess } from 'electron';
import { AppError, fromWireError } from '../../core/app/faces.ts';
import type { Log } from '../../core/app/faces.ts';
import type { WireError } from '../../contract/errors.ts';
import type { ShellPlace } from '../place.ts';
import { passedOn } from './environment.ts';
import { hostState } from './messages.ts';
import type { HostOrder } from './messages.ts';

/** Starts the host where none runs, in a process of its own, and ends the one that it started. */
export interface HostStarter {
  /** Resolves when the host is open, or another process turns out to be it. Throws what it could not open for. */
  start(): Promise<void>;
  /** True while a host that was started here runs. */
  runs(): boolean;
  /** Has the host that was started here cancel its jobs and leave; resolves when it is gone. */
  leave(): Promise<void>;
}

const oldestNode = { major: 24, minor: 6 };

export function hostStarter(place: ShellPlace, log: Log): HostStarter {
  let running: { readonly child: UtilityProcess; readonly gone: Promise<void> } | undefined;
  let starting: Promise<void> | undefined;

  const fork = (): Promise<void> => {
    const { versions, env, platform } = process;
    const [major = 0, minor = 0] = versions.node.split('.').map(Number);
    if (major < oldestNode.major || (major === oldestNode.major && minor < oldestNode.minor))
      throw new AppError('transport.closed', `No host runs on ${place.home}, and the Node ${versions.node} of this Electron is too old to run one.`, {
        hint: 'Start one: belay serve',
        retryable: true,
      });
    const child = utilityProcess.fork(place.hostEntry, [place.home, place.version, place.node], {
      serviceName: 'Belay host',
      // Node's own young generation grows to 64 MiB; see docs/decisions/0016.
      execArgv: ['--max-semi-space-size=8'],
      env: passedOn(env, platform),
      stdio: 'ignore',
    });
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    running = { child, gone };
    void gone.then(() => (running = undefined));
    return new Promise((resolve, reject) => {
      child.on('message', (message: unknown) => {
        const told = hostState.safeParse(message);
        if (!told.success) return;
        if (told.data.state === 'open') resolve();
        // The schema cannot state the type of a nested cause.
        else if (told.data.error.code === 'home.in-use') resolve();
        else reject(fromWireError(told.data.error as WireError));
      });
      child.once('exit', (code) => {
        log.info('the host of this window has ended', { code });
        reject(new AppError('transport.closed', 'The host ended while it started.', { hint: `Its log is in ${place.home}`, retryable: true }));
      });
    });
  };

  return {
    start: () =>
      (starting ??= Promise.resolve()
        .then(fork)
        .finally(() => (starting = undefined))),
    runs: () => running !== undefined,
    async leave() {
      if (running === undefined) return;
      const order: HostOrder = { order: 'leave' };
      running.child.postMessage(order);
      await running.gone;
    },
  };
}
