import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { BelayClient } from '../../electron/contract/client.ts';
import type { CommandOutput } from '../../electron/contract/commands.ts';
import { duration, size } from '../../electron/cli/output/format.ts';
import { count, counted } from '../../electron/core/base/words.ts';
import { contentOf } from './content.ts';
import { damageDemoDatabase } from '../../electron/core/engines/sqlite/demo/damage.ts';
import { makeDemoDatabase } from '../../electron/core/engines/sqlite/demo/make-database.ts';

export interface DemoParts {
  readonly client: BelayClient;
  /** An empty folder for the database; the client's data directory may lie beside it. */
  readonly folder: string;
  readonly scale: number;
  readonly say: (line: string) => void;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly signal: AbortSignal;
}

type Difference = CommandOutput<'source.compare'>['differences'][number];

/** A step of the demo did not end as it must: what Belay promises does not hold here. */
class DemoFailure extends Error {}

/**
 * The main job from end to end: makes a database, snapshots it, proves the snapshot, damages the database, rewinds it and proves
 * it equal, then snapshots a small change. Says each step with its figures. Throws `DemoFailure` where anything is not as promised.
 */
export async function runDemo({ client, folder, scale, say, now, signal }: DemoParts): Promise<void> {
  const path = join(folder, 'box-office.sqlite');
  let step = 0;
  const done = (title: string, ...details: readonly string[]) => {
    step += 1;
    say(`${step}. ${title}`);
    for (const detail of details) say(`   ${detail}`);
  };
  const must = (holds: boolean, statement: string) => {
    if (!holds) throw new DemoFailure(statement);
  };
  const timed = async <T>(work: () => T | Promise<T>): Promise<[T, string]> => {
    const start = now();
    const result = await work();
    return [result, duration(now() - start)];
  };
  const options = { signal };

  const [made, makingTook] = await timed(() => makeDemoDatabase(path, { seed: 20_261_120, scale }));
  const before = contentOf(path);
  done(
    `A box office's database was made: ${count(made.totalRows)} rows in ${Object.keys(made.rows).length} tables, ${size(statSync(path).size)}, in ${makingTook}.`,
    Object.entries(made.rows)
      .map(([name, rows]) => `${name} ${count(rows)}`)
      .join(', '),
  );

  await client.call('repository.init', { location: join(folder, 'repository') }, options);
  await client.call('sources.add', { name: 'box-office', location: { path }, baseFolder: folder }, options);
  const [taken, takingTook] = await timed(() => client.call('snapshot.create', { source: 'box-office', name: 'before-migration' }, options));
  const snapshot = taken.snapshot;
  if (snapshot === undefined) throw new DemoFailure('The snapshot was not taken.');
  done(
    `It was snapshotted in ${takingTook}: ${counted(snapshot.objects, 'object')}, ${count(snapshot.rows)} rows, ${size(snapshot.bytes)} stored as ${size(snapshot.added)}.`,
    `Proof: ${snapshot.proved}.`,
  );

  const [drilled, drillTook] = await timed(() => client.call('snapshot.verify', { snapshot: 'before-migration', level: 'proved' }, options));
  must(
    drilled.verification.result === 'passed' && drilled.snapshot.proved === 'proved',
    `The drill did not prove the snapshot: ${drilled.verification.statement}`,
  );
  done(
    `It was restored into a throw-away copy and compared in ${drillTook}: ${count(drilled.verification.items)} items, ${count(drilled.verification.rows)} rows equal.`,
    'Proof: proved.',
  );

  const damage = damageDemoDatabase(path);
  must(contentOf(path) !== before, 'The bad migration changed nothing.');
  done('A bad migration ran, and committed.', ...damage.map((one) => one.statement));

  const [compared, comparingTook] = await timed(() => client.call('source.compare', { source: 'box-office', snapshot: 'before-migration' }, options));
  must(!compared.equal && compared.differences.length > 0, 'The comparison did not see the damage.');
  const shown = firstOfEach(compared.differences).slice(0, 12);
  done(
    `The comparison with the snapshot found ${counted(compared.differences.length, 'difference')} in ${comparingTook}.`,
    ...shown,
    ...more(compared.differences.length - shown.length),
  );

  const [rewound, rewindTook] = await timed(() => client.call('rewind', { source: 'box-office', to: 'before-migration' }, options));
  must(rewound.verification?.result === 'passed', 'The rewind was not proved before the swap.');
  done(
    `It was rewound in ${rewindTook}: the copy was compared before it took the database's place.`,
    `The damaged one is kept for undo: ${rewound.undo?.kept ?? 'nowhere'}`,
  );

  const [again, againTook] = await timed(() => client.call('source.compare', { source: 'box-office', snapshot: 'before-migration' }, options));
  must(again.equal, `The rewound database differs: ${again.differences.map((one) => one.statement).join(' ')}`);
  must(contentOf(path) === before, 'The rewound database differs by a hash that shares no code with Belay.');
  done(
    `The database equals the snapshot, by Belay's fingerprint in ${againTook} and by a hash that shares no code with it.`,
    `sha256 of all definitions and rows: ${before.slice(0, 16)}…, before and after.`,
  );

  const [second, secondTook] = await timed(() => client.call('snapshot.create', { source: 'box-office', name: 'after-rewind' }, options));
  done(`A second snapshot of the same content took ${secondTook} and ${size(second.snapshot?.added ?? 0)}.`);

  const [checked, checkTook] = await timed(() => client.call('repository.check', { level: 'decoded' }, options));
  must(checked.passed, `The check found ${counted(checked.problems.length, 'problem')}.`);
  done(
    `Every byte of the repository was read, authenticated and decoded in ${checkTook}: ${size(checked.bytesRead)}, ${counted(checked.chunks, 'chunk')}, no problem.`,
  );

  await client.call('undo.run', {}, options);
  must(contentOf(path) !== before, 'The undo did not bring the damaged database back.');
  await client.call('rewind', { source: 'box-office', to: 'before-migration' }, options);
  must(contentOf(path) === before, 'The second rewind did not end in the snapshot.');
  done('The rewind was undone, and done again: both ways work.');
}

/** One statement for each thing that differs in each way, in the order found. */
function firstOfEach(differences: readonly Difference[]): string[] {
  const found = new Map<string, string>();
  for (const one of differences) {
    const key = `${one.kind}:${one.name}:${one.what}`;
    if (!found.has(key)) found.set(key, one.statement);
  }
  return [...found.values()];
}

function more(left: number): readonly string[] {
  return left > 0 ? [`and ${count(left)} more`] : [];
}
