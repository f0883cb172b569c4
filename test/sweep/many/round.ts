import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chances } from '../choice.ts';
import { startBelay } from '../../helpers/faults/preload.ts';
import { Actor } from './actor.ts';
import { Model } from './model.ts';
import { Disturbed, unexplained, wasKilled } from './run.ts';
import { ManyWorld } from './world.ts';

export interface RoundOptions {
  /** Decides the script of every process. When each is disturbed is in it too; how they meet is the machine's. */
  readonly seed: string;
  readonly seconds: number;
  /** Commands at the same time over the first and over the second data directory. */
  readonly actors: readonly [number, number];
}

export interface RoundResult {
  readonly wrongs: readonly string[];
  /** How commands ended, by exit or error code. */
  readonly counts: ReadonlyMap<string, number>;
}

/** Many processes on two data directories and one repository for a time, killed and suspended among them; then everything is held against the model. */
export async function playRound({ seed, seconds, actors }: RoundOptions): Promise<RoundResult> {
  const folder = mkdtempSync(join(tmpdir(), 'belay-many-'));
  const model = new Model();
  const world = new ManyWorld(folder);
  const others = new Disturbed();
  const places = world.places(actors);
  try {
    await world.prepare(places, model);
    const end = performance.now() + seconds * 1000;
    const over = (): boolean => performance.now() >= end;
    await Promise.all([
      ...places.map((place) => new Actor(place, model, chances(`${seed} ${place.name}`), others).run(over)),
      keepServing(world.homes[0], chances(`${seed} host`), over, model, others),
    ]);
    await world.judge(places, model);
    if (model.wrongs.length === 0) rmSync(folder, { recursive: true, force: true });
    return { wrongs: model.wrongs, counts: model.counts };
  } catch (error) {
    return { wrongs: [...model.wrongs, `${String(error)} (${folder})`], counts: model.counts };
  }
}

/** A host that people start, and that dies, is suspended, or is asked to end, again and again. Refused where another process is the host. */
async function keepServing(home: string, next: () => number, over: () => boolean, model: Model, others: Disturbed): Promise<void> {
  while (!over()) {
    const run = startBelay(['serve'], home);
    const [luck, life] = [next(), 500 + next() * 5000];
    const timers: NodeJS.Timeout[] = [];
    const at = (after: number, signal: NodeJS.Signals): unknown => timers.push(setTimeout(() => others.signal(run, home, signal), after));
    at(life, luck < 0.4 ? 'SIGKILL' : luck < 0.7 ? 'SIGSTOP' : 'SIGTERM');
    if (luck >= 0.4 && luck < 0.7) {
      at(life + 1500, 'SIGCONT');
      at(life + 2500, 'SIGTERM');
    }
    const ran = await run.ended;
    for (const timer of timers) clearTimeout(timer);
    const { code, signal, sent } = ran;
    model.count(wasKilled(ran) ? 'host killed' : code === 4 ? 'host refused' : 'host ended');
    const asked = sent.has('SIGTERM');
    const explained = signal !== null || code === 4 || (asked && (code === 0 || code === 143));
    const wrong = unexplained(ran) ?? (explained ? undefined : `it exited with ${code}`);
    if (wrong !== undefined) model.wrong(`belay serve: ${wrong}: ${(ran.stderr + ran.stdout).slice(0, 500)}`);
    await new Promise((resolve) => setTimeout(resolve, next() * 800));
  }
}
