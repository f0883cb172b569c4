import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { damagesOf, drawn } from './damages.ts';
import type { Planned } from './damages.ts';
import { Place } from './look.ts';
import { OtherReader } from './other-reader.ts';
import { quickFolder, specimenFrom } from './specimen.ts';
import type { Tree } from './specimen.ts';
import { tryDamage } from './try-point.ts';

/** What one thread of a sweep over one specimen is started with. */
export interface CrewOrder {
  /** As `specimenText` makes it. */
  readonly specimen: string;
  readonly strangers: Readonly<Record<string, readonly (readonly [string, string])[]>>;
  readonly seed: number;
  readonly share: number;
  /** Points that an earlier run has tried and that held. */
  readonly done: ReadonlySet<string>;
  /** This thread's number, and how many there are. */
  readonly number: number;
  readonly of: number;
}

export type CrewAnswer = { readonly point: string; readonly lost: string | undefined };

/** Of the points that change single bytes, one of so many is followed by a repair, a snapshot and two collects; of the others every one. */
const REPAIRED_OF = 150;
/** Points under way in one thread: what one waits for the disk, another computes. */
const AT_ONCE = 3;

/** The points of an order that are to be tried, whoever tries them. */
export function* chosen(order: Pick<CrewOrder, 'specimen' | 'strangers' | 'seed' | 'share'>): Generator<Planned> {
  const specimen = specimenFrom(order.specimen);
  const strangers: Record<string, Tree> = {};
  for (const [name, files] of Object.entries(order.strangers)) strangers[name] = new Map(files.map(([file, bytes]) => [file, Buffer.from(bytes, 'base64')]));
  for (const planned of damagesOf(specimen, strangers, order.seed)) if (drawn(order.seed, planned.point, 1e6) < order.share * 1e6) yield planned;
}

function* ownShare(order: CrewOrder): Generator<Planned> {
  let number = 0;
  for (const planned of chosen(order)) {
    if (number % order.of === order.number && !order.done.has(planned.point)) yield planned;
    number += 1;
  }
}

/** Starts one thread; `take` is told of each point as it was tried. Resolves when the thread has ended, by itself or on `signal`. */
export function runCrew(order: CrewOrder, take: (answer: CrewAnswer) => void, signal: AbortSignal): Promise<void> {
  const worker = new Worker(new URL(import.meta.url), { workerData: order });
  const stop = (): void => worker.postMessage('stop');
  signal.addEventListener('abort', stop, { once: true });
  worker.on('message', take);
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', () => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
  });
}

/** Tries what an order names, `AT_ONCE` at a time. */
export async function work(order: CrewOrder, tell: (answer: CrewAnswer) => void, stopped: () => boolean): Promise<void> {
  const specimen = specimenFrom(order.specimen);
  const other = new OtherReader(specimen, quickFolder());
  const mine = ownShare(order);
  const hand = async (): Promise<void> => {
    const place = new Place(specimen, quickFolder());
    try {
      for (const planned of mine) {
        if (stopped()) return;
        const damage = planned.make();
        const on = damage.rare || drawn(order.seed, `${planned.point} repaired`, REPAIRED_OF) === 0;
        const wrong = await tryDamage(place, damage, other, on);
        tell({ point: planned.point, lost: wrong.length === 0 ? undefined : wrong.join('; ') });
      }
    } finally {
      place.remove();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, hand));
}

if (!isMainThread && parentPort !== null) {
  const port = parentPort;
  let stop = false;
  port.on('message', () => {
    stop = true;
  });
  await work(
    workerData as CrewOrder,
    (answer) => port.postMessage(answer),
    () => stop,
  );
  port.close();
}
