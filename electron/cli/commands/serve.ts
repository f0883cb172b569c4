import { given } from '../spec.ts';
import type { CommandSpec } from '../spec.ts';

export const serve: CommandSpec = {
  name: 'serve',
  summary: 'serve this data directory on loopback',
  description: 'Prints the address with its token and stays until Ctrl-C. Reachable from this machine only.',
  options: [{ flags: '--port <port>', description: 'port on loopback (default: a free one)', whole: { least: 0, most: 65_535 } }],
  examples: [
    { line: 'belay serve', what: 'prints the address to open' },
    { line: 'belay serve --port 7411 --json', what: 'for a supervisor: one object, then it stays' },
  ],
  run: async (context, input) => {
    const served = await context.world.serve(context.home, { ...given('port', input.whole('port')), signal: context.leaving.signal });
    return {
      data: { address: served.address, home: context.home },
      print: (output) => {
        output.line(served.address);
        output.note('Serving until Ctrl-C. Whoever has the address has the token.');
      },
      stay: async () => {
        const { signal } = context.leaving;
        const left = new Promise<undefined>((resolve) => {
          if (signal.aborted) resolve(undefined);
          signal.addEventListener('abort', () => resolve(undefined), { once: true });
        });
        const reason = await Promise.race([served.closed, left]);
        await served.close();
        context.output.note(reason ?? 'Served until it was asked to leave.');
      },
    };
  },
};
