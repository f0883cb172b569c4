import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AppError } from '../../electron/core/base/errors.ts';
import { quietTask } from '../../electron/core/base/ports.ts';
import { silentLog, systemClock, systemRandom } from '../../electron/core/base/system.ts';
import { createRepository } from '../../electron/core/repository/create.ts';
import { openRepository } from '../../electron/core/repository/open.ts';
import type { Repository } from '../../electron/core/repository/repository.ts';

/** Every byte of one small pack flipped: found, named with its snapshot and object, and never read back as something else. */
const ports = { clock: systemClock, random: systemRandom, log: silentLog };
let folder: string;
let hurt: string;
let sound: string;
const hurtBytes = Buffer.from('a ledger line that is wanted back\n'.repeat(40));
const soundBytes = Buffer.from('another one, in a pack of its own\n'.repeat(40));

beforeAll(async () => {
  folder = join(mkdtempSync(join(tmpdir(), 'belay-flip-')), 'repository');
  const { repository } = await createRepository(folder, {}, ports);
  hurt = await snapshot(repository, 'hurt', hurtBytes);
  sound = await snapshot(repository, 'sound', soundBytes);
  await repository.close();
});
afterAll(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

async function snapshot(repository: Repository, source: string, bytes: Buffer): Promise<string> {
  const writer = await repository.begin({}, quietTask());
  const group = await writer.group('rows', 'lines');
  const owned = new Uint8Array(bytes.length);
  owned.set(bytes);
  await group.write(owned);
  await group.end();
  await writer.object({ name: 'rows', kind: 'table', group: 'rows' });
  const record = await writer.commit({ source, engine: 'sqlite', tags: [], createdAt: 1, capture: {} });
  return record.id;
}

async function readBack(repository: Repository, id: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of repository.read(id, 'rows')) parts.push(part);
  return Buffer.concat(parts);
}

test('every byte of a small pack', async () => {
  const packs = readdirSync(join(folder, 'packs'), { recursive: true })
    .map(String)
    .filter((name) => /[0-9a-f]{32}$/.test(name));
  const opened = await openRepository(folder, { unlock: { kind: 'none' } }, ports);
  const pack = await packOf(opened, packs);
  await opened.close();
  const path = join(folder, 'packs', pack);
  const kept = join(folder, '..', 'kept');
  copyFileSync(path, kept);
  const whole = readFileSync(kept);

  for (let at = 0; at < whole.length; at += 1) {
    const flipped = Buffer.from(whole);
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
    writeFileSync(path, flipped);
    const repository = await openRepository(folder, { unlock: { kind: 'none' } }, ports);
    try {
      const report = await repository.check({ level: 'authenticated' }, quietTask());
      const named = report.problems.filter((problem) => problem.file.includes(pack.slice(-32)));
      expect(named.length, `byte ${at} of ${whole.length}`).toBeGreaterThan(0);
      expect(report.sound, `byte ${at}`).toContain(sound);
      const back = await readBack(repository, hurt).catch((error: unknown) => {
        expect(error, `byte ${at}`).toBeInstanceOf(AppError);
        return undefined;
      });
      if (back === undefined)
        expect(
          named.flatMap((problem) => problem.affects),
          `byte ${at}`,
        ).toContainEqual(expect.objectContaining({ snapshot: hurt, objects: ['rows'] }));
      else expect(back.equals(hurtBytes), `byte ${at}`).toBe(true);
      expect((await readBack(repository, sound)).equals(soundBytes)).toBe(true);
    } finally {
      await repository.close();
    }
  }
  copyFileSync(kept, path);
});

/** The pack whose loss takes the first snapshot and leaves the second. */
async function packOf(repository: Repository, packs: readonly string[]): Promise<string> {
  for (const pack of packs) {
    const path = join(folder, 'packs', pack);
    const kept = readFileSync(path);
    rmSync(path);
    const [first, second] = await Promise.allSettled([readFresh(hurt), readFresh(sound)]);
    writeFileSync(path, kept);
    if (first.status === 'rejected' && second.status === 'fulfilled') return pack;
  }
  throw new Error(`none of ${packs.length} packs of ${repository.info.location} holds the first snapshot alone`);
}

async function readFresh(id: string): Promise<Buffer> {
  const repository = await openRepository(folder, { unlock: { kind: 'none' } }, ports);
  try {
    return await readBack(repository, id);
  } finally {
    await repository.close();
  }
}
