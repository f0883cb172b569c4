import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** `belay serve` over a data directory; `address` has its token. Nothing of this machine is shown: `userFolder` stands for the user's own. */
export async function serve(root: string, home: string, userFolder: string): Promise<{ readonly address: string; end(): Promise<void> }> {
  const env = { ...process.env, BELAY_HOME: home, HOME: userFolder, DOCKER_HOST: `unix://${userFolder}/no-engine.sock` };
  const child = spawn(join(root, 'belay'), ['serve', '--json'], { cwd: userFolder, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const address = await new Promise<string>((resolve, reject) => {
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.endsWith('\n')) resolve((JSON.parse(said) as { readonly data: { readonly address: string } }).data.address);
    });
    void gone.then(() => reject(new Error('The host ended before it served anything.')));
  });
  return {
    address,
    end: async () => {
      child.kill('SIGTERM');
      await gone;
    },
  };
}
