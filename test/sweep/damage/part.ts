import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Ledger } from '../ledger.ts';
import type { SweepOptions, SweepPart, SweepResult } from '../part.ts';
import { chosen, runCrew } from './crew.ts';
import type { CrewOrder } from './crew.ts';
import { makeSpecimen, specimenText } from './specimen.ts';
import type { Specimen } from './specimen.ts';
import { strangersOf } from './strangers.ts';

/** Every byte of every file of two small repositories, one with key slots and one without. */
export const damage: SweepPart = {
  name: 'damage',
  title: 'each byte of a small repository flipped, each file cut, zeroed, lost, swapped, rolled back, from elsewhere; reads, checks, repair and what follows',
  hindrance: () => undefined,
  run,
};

const SAID_EVERY_MS = 30_000;

async function run(options: SweepOptions): Promise<SweepResult> {
  const { state, seed, signal, share } = options;
  const say = (line: string): void => options.say(line);
  const ledger = new Ledger(state, 'points', seed);
  let whole = 0;
  let said = Date.now();
  for (const protection of ['none', 'keys'] as const) {
    if (signal.aborted) break;
    const material = await materialOf(state, protection);
    const points = [...chosen({ ...material, seed, share: 1 })].map(({ point }) => point);
    whole += points.length;
    const done = new Set(points.filter((point) => ledger.has(`${protection}: ${point}`)));
    say(`${protection === 'none' ? 'without' : 'with'} keys: ${String(points.length)} points, ${String(done.size)} of them tried before`);
    const of = availableParallelism();
    const orders = Array.from({ length: of }, (_none, number): CrewOrder => ({ ...material, seed, share, done, number, of }));
    const take = (answer: { readonly point: string; readonly lost: string | undefined }): void => {
      ledger.add(`${protection}: ${answer.point}`, answer.lost);
      if (answer.lost !== undefined) say(`LOST at ${protection}: ${answer.point}: ${answer.lost}`);
      if (Date.now() - said < SAID_EVERY_MS) return;
      said = Date.now();
      say(`${String(ledger.tried)} points tried`);
    };
    await Promise.all(orders.map((order) => runCrew(order, take, signal)));
  }
  return {
    tried: ledger.tried,
    whole,
    losses: ledger.losses,
    notes: [
      'a point flips one bit of one byte, or cuts or zeroes a file from one byte on, or treats whole files; packs that are padded to 64 KiB are treated at each of their first 2,048 and last 1,024 bytes and at one of 64 between',
      'a check need not find damage in quarantine, in packs that no index names, and in key slots that were put beside: nothing that is kept uses them',
      'of single bytes one point in 150 is followed by repair, a snapshot, a forget and two collects; of all else each',
    ],
  };
}

/** Made once for each state folder, so that a later run goes on with the same bytes. */
async function materialOf(state: string, protection: Specimen['protection']): Promise<Pick<CrewOrder, 'specimen' | 'strangers'>> {
  const file = join(state, `specimen-${protection}.json`);
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Pick<CrewOrder, 'specimen' | 'strangers'>;
  const specimen = await makeSpecimen(protection);
  const strangers = Object.fromEntries(
    Object.entries(await strangersOf(specimen)).map(([name, tree]) => [name, [...tree].map(([path, bytes]) => [path, bytes.toString('base64')] as const)]),
  );
  const material = { specimen: specimenText(specimen), strangers };
  writeFileSync(file, JSON.stringify(material));
  return material;
}
