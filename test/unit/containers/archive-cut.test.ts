import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pack } from 'tar-stream';
import { expect, it } from 'vitest';
import { openApi } from '../../../electron/core/containers/api.ts';
import { readArchive, readFileFrom } from '../../../electron/core/containers/archive.ts';
import type { Engine } from '../../../electron/core/containers/engine.ts';

const signal = new AbortController().signal;

async function archive(): Promise<Buffer> {
  const tar = pack();
  for (const name of ['one', 'two']) tar.entry({ name, mode: 0o600 }, Buffer.alloc(700, name));
  tar.finalize();
  const parts: Buffer[] = [];
  for await (const part of tar as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts);
}

/** An engine that sends so many bytes of the archive and is gone. */
async function serving(body: Buffer, bytes: number): Promise<Engine & AsyncDisposable> {
  const folder = await mkdtemp(path.join(tmpdir(), 'cut-'));
  const socket = path.join(folder, 's');
  const server = http.createServer((_request, response) => {
    if (bytes >= body.length) response.end(body);
    else response.write(body.subarray(0, bytes), () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const address = { kind: 'socket', path: socket } as const;
  return {
    api: await openApi(address),
    endpoint: { origin: 'the test', address },
    product: 'docker',
    version: '1',
    apiVersion: '1.41',
    local: true,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    },
  };
}

async function contents(engine: Engine): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const entry of readArchive(engine, 'any', '/x', { limits: { entries: 9, bytes: 9999 }, signal })) {
    let size = 0;
    for await (const part of entry.body as AsyncIterable<Buffer>) size += part.length;
    found.push(`${entry.name} ${String(size)}`);
  }
  return found;
}

it('an archive that breaks off anywhere is refused, between two files too', async () => {
  const body = await archive();
  for (const bytes of [1, 512, 600, 1536, 1537, 2048, 3072, 3584, body.length - 1]) {
    await using engine = await serving(body, bytes);
    await expect(contents(engine)).rejects.toMatchObject({ code: 'source.damaged' });
  }
  await using whole = await serving(body, body.length);
  expect(await contents(whole)).toEqual(['one 700', 'two 700']);
});

it('a file that breaks off is no shorter file', async () => {
  await using engine = await serving(await archive(), 700);
  await expect(readFileFrom(engine, 'any', '/x/one', { most: 9999, signal })).rejects.toMatchObject({ code: 'source.damaged' });
});
