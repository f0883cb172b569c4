import { spawn } from 'node:child_process';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, realpath, rm, symlink } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { cacheFolder, imageFiles, postgresHabits } from '../../../tools/provision/images.mjs';
import { findEngine } from '../../../electron/core/containers/engine.ts';
import type { Engine } from '../../../electron/core/containers/engine.ts';

const keeper = fileURLToPath(new URL('dockerd-child.ts', import.meta.url));

export type ImageName = 'postgres:15' | 'postgres:16' | 'debian:12' | 'busybox:1' | 'noshell:1';

/** An engine that a test owns. */
export interface TestEngine {
  /** What DOCKER_HOST is for it. */
  readonly host: string;
  readonly socket: string;
  /** As the product sees it. */
  engine(): Promise<Engine>;
  /** One call of its interface, made without the product's code. */
  call(method: string, where: string, body?: unknown): Promise<{ readonly status: number; readonly json: unknown }>;
  /** Runs a container of the image; answers its id. */
  run(image: ImageName, options?: Readonly<Record<string, unknown>>, name?: string): Promise<string>;
}

/** A Docker engine that a test owns. */
export interface TestDocker extends TestEngine, AsyncDisposable {
  /** SIGKILL to the engine: containers are left running without it. */
  kill(): Promise<void>;
  startAgain(): Promise<void>;
  /** The engine stands still until the scope is left. */
  frozen(): Disposable;
}

function program(): string {
  return process.env['BELAY_TEST_DOCKERD'] ?? '/usr/sbin/dockerd';
}

function imagesFolder(): string {
  return process.env['BELAY_TEST_IMAGES'] ?? path.join(cacheFolder(process.env), 'images');
}

/** Whether a private engine can be had here: as root on Linux, with dockerd installed and the images made (`node tools/test.mjs engines`). */
export const dockerPossible =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  existsSync(program()) &&
  Object.values(imageFiles()).every((name) => existsSync(path.join(imagesFolder(), name)));

/** A private engine with the images; nothing of the machine's own Docker is touched, and nothing is left however the test ends. */
export async function privateDocker(images: readonly Exclude<ImageName, 'postgres:16'>[]): Promise<TestDocker> {
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), 'docker-')));
  // A process group of its own: it outlives a test run that is killed, for as long as it takes to clear up.
  const child = spawn(process.execPath, [keeper, program(), folder], { detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout);
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  const up = async (): Promise<number> => {
    const line = await new Promise<string>((resolve) => {
      lines.once('line', resolve);
      void ended.then(() => resolve('down'));
    });
    const [state, pid] = line.split(' ');
    if (state !== 'up') throw new Error(`The private Docker engine did not start: ${folder}/log`);
    return Number(pid);
  };
  let pid = await up();
  const socket = path.join(folder, 'd.sock');
  const docker: TestDocker = {
    ...engineAt(socket),
    async kill() {
      process.kill(pid, 'SIGKILL');
      while (existsSync(`/proc/${String(pid)}`) && !(await isZombie(pid))) await new Promise((resolve) => setImmediate(resolve));
    },
    async startAgain() {
      child.stdin.write('start\n');
      pid = await up();
    },
    frozen() {
      process.kill(pid, 'SIGSTOP');
      return { [Symbol.dispose]: () => process.kill(pid, 'SIGCONT') };
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
    },
  };
  try {
    for (const image of images) await importImage(socket, image);
  } catch (error) {
    await docker[Symbol.asyncDispose]();
    throw error;
  }
  return docker;
}

/** Makes the image `postgres:16` of `postgres:15`, which must be there, and the programs of the package that `bin` is of. */
export async function makePostgres16(docker: TestEngine, bin: string): Promise<void> {
  const [root, installed] = [path.resolve(bin, '../../..'), path.resolve(bin, '..')];
  const inside = path.posix.join('/opt', path.basename(root));
  const made = (await docker.call('POST', '/containers/create?name=making', { Image: 'postgres:15' })).json as { Id: string };
  const folders = [path.relative(root, installed), ...(await readdir(root)).filter((name) => name.endsWith('.libs'))];
  const transform = ['--transform', `s,^,opt/${path.basename(root)}/,`];
  const tar = spawn('tar', ['-C', root, ...transform, '-c', ...folders], { stdio: ['ignore', 'pipe', 'inherit'] });
  const sent = await docker.call('PUT', `/containers/${made.Id}/archive?path=/`, tar.stdout);
  const link = await mkdtemp(path.join(tmpdir(), 'link-'));
  await mkdir(path.join(link, 'usr/lib/postgresql'), { recursive: true });
  await symlink(path.posix.join(inside, path.relative(root, installed)), path.join(link, 'usr/lib/postgresql/16'));
  const linked = spawn('tar', ['-C', link, '-c', 'usr/lib/postgresql/16'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const tied = await docker.call('PUT', `/containers/${made.Id}/archive?path=/`, linked.stdout);
  await rm(link, { recursive: true });
  const query = new URLSearchParams({ container: made.Id, repo: 'postgres', tag: '16' });
  for (const change of [...postgresHabits, 'ENV PG_MAJOR=16', 'ENV PATH=/usr/local/bin:/usr/bin:/bin:/usr/lib/postgresql/16/bin'])
    query.append('changes', change);
  const kept = await docker.call('POST', `/commit?${query.toString()}`);
  await docker.call('DELETE', `/containers/${made.Id}?v=true`);
  if (sent.status !== 200 || tied.status !== 200 || kept.status !== 201) throw new Error(JSON.stringify([sent, tied, kept]));
}

/** What listens at a socket, as tests use it. */
export function engineAt(socket: string): TestEngine {
  const call: TestEngine['call'] = (method, where, body) => ask(socket, method, where, body);
  return {
    host: `unix://${socket}`,
    socket,
    async engine() {
      const where = { env: { DOCKER_HOST: `unix://${socket}` }, platform: 'linux', userHome: '/nowhere', uid: 0 } as const;
      let statement = '';
      // It waits no longer than a user would; on a machine with other things to do an engine that is well takes longer now and then.
      for (let tries = 0; tries < 5; tries += 1) {
        const found = await findEngine(where, new AbortController().signal);
        if (found.state === 'answers') return found.engine;
        statement = found.statement;
      }
      throw new Error(statement);
    },
    call,
    async run(image, options = {}, name) {
      const made = await call('POST', `/containers/create${name === undefined ? '' : `?name=${name}`}`, {
        Image: image,
        HostConfig: { NetworkMode: 'none' },
        ...options,
      });
      const id = (made.json as { Id?: string }).Id;
      if (id === undefined) throw new Error(JSON.stringify(made.json));
      const started = await call('POST', `/containers/${id}/start`);
      if (started.status >= 300) throw new Error(JSON.stringify(started.json));
      return id;
    },
  };
}

async function isZombie(pid: number): Promise<boolean> {
  const { readFile } = await import('node:fs/promises');
  return readFile(`/proc/${String(pid)}/stat`, 'utf8').then(
    (text) => /\) Z /.test(text),
    () => true,
  );
}

const usualPath = 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

async function importImage(socket: string, image: Exclude<ImageName, 'postgres:16'>): Promise<void> {
  const files = imageFiles();
  const sources = {
    'postgres:15': { file: files.postgres, changes: postgresHabits },
    'debian:12': { file: files.base, changes: [usualPath, 'CMD ["bash"]'] },
    'busybox:1': { file: files.busybox, changes: ['ENV PATH=/bin', 'CMD ["sh"]'] },
    'noshell:1': { file: files.busybox, changes: ['ENTRYPOINT ["/bin/busybox"]'] },
  } as const;
  const { file, changes } = sources[image];
  const [repo = '', tag = ''] = image.split(':');
  const query = new URLSearchParams({ fromSrc: '-', repo, tag });
  for (const change of changes) query.append('changes', change);
  const place = path.join(imagesFolder(), file);
  const body = image === 'noshell:1' ? await withoutShell(place) : createReadStream(place);
  const answer = await ask(socket, 'POST', `/images/create?${query.toString()}`, body);
  if (answer.status !== 200) throw new Error(`${image}: ${JSON.stringify(answer.json)}`);
}

/** Nothing but the one program: no shell, no `kill`. */
async function withoutShell(busybox: string): Promise<Readable> {
  const { execFileSync } = await import('node:child_process');
  const { Readable } = await import('node:stream');
  const folder = await mkdtemp(path.join(tmpdir(), 'noshell-'));
  execFileSync('tar', ['-C', folder, '-xf', busybox, './bin/busybox']);
  const tar = execFileSync('tar', ['-C', folder, '-c', '.'], { maxBuffer: 64 << 20 });
  await rm(folder, { recursive: true });
  return Readable.from([tar]);
}

function ask(socket: string, method: string, where: string, body?: unknown): Promise<{ readonly status: number; readonly json: unknown }> {
  return new Promise((resolve, reject) => {
    const streaming = typeof body === 'object' && body !== null && 'pipe' in body;
    const headers = body === undefined ? {} : { 'Content-Type': streaming ? 'application/x-tar' : 'application/json' };
    const request = http.request({ socketPath: socket, method, path: where, headers }, (response) => {
      let text = '';
      response.on('data', (part: Buffer) => (text += part.toString('utf8')));
      response.on('error', reject);
      response.on('end', () => {
        let json: unknown = text;
        try {
          json = JSON.parse(text);
        } catch (error) {
          if (!(error instanceof SyntaxError)) throw error;
        }
        resolve({ status: response.statusCode ?? 0, json });
      });
    });
    request.on('error', reject);
    if (streaming) (body as Readable).pipe(request);
    else request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
