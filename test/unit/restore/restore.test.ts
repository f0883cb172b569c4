import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { UndoEntry } from '../../../electron/contract/model.ts';
import type { RestoredCopy } from '../../../electron/core/engines/engine.ts';
import { systemRandom } from '../../../electron/core/base/system.ts';
import { openRestoreRecords, type RestoreRecords } from '../../../electron/core/restore/records.ts';
import { keptPerTarget, prepareRestore, promoteHeld, swapCheckpoint } from '../../../electron/core/restore/restore.ts';
import { settleAll } from '../../../electron/core/restore/settle.ts';
import { discardUndo, undoSwap } from '../../../electron/core/restore/undo.ts';
import { contentOf, PlaceEngine, testContext } from '../../helpers/app/place-engine.ts';

let home: string;
let places: PlaceEngine;
let records: RestoreRecords;
const reopen = async (): Promise<void> => {
  records = await openRestoreRecords(home, { random: systemRandom });
};

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'belay-restore-'));
  places = new PlaceEngine();
  places.places.set('shop', 'broken');
  dropped = [];
  await reopen();
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const order = (text = 'good') => ({
  content: contentOf(text, 'shop'),
  target: { location: { place: 'shop' }, mode: 'replace' as const },
  checks: [],
  source: 'shop',
});
const context = () => testContext(home);
const engineOf = () => places.engine;
let dropped: string[] = [];
const onDropped = (entry: UndoEntry): Promise<void> => {
  dropped.push(entry.id);
  return Promise.resolve();
};

async function rewind(text = 'good') {
  const { held } = await prepareRestore(places.engine, order(text), records, context());
  return promoteHeld(places.engine, held, { what: 'rewind', onDropped }, records, context());
}

describe('a restore over an existing target', () => {
  test('swaps the proved copy in, keeps the old one, and undo puts it back', async () => {
    const undo = await rewind();
    expect(places.places.get('shop')).toBe('good');
    expect(places.places.get(undo.kept)).toBe('broken');
    expect(records.held()).toEqual([]);
    await undoSwap(engineOf, undo.id, false, records, context());
    expect([...places.places]).toEqual([['shop', 'broken']]);
    expect(records.undo()).toEqual([]);
  });

  test('is refused where something stands in the way, before anything is written', async () => {
    places.blockers = [{ code: 'target.busy', statement: 'open elsewhere', hint: 'close it' }];
    await expect(prepareRestore(places.engine, order(), records, context())).rejects.toMatchObject({ code: 'target.busy', hint: 'close it' });
    expect([...places.places]).toEqual([['shop', 'broken']]);
  });

  test('a copy that is equal and fails a check is refused by a code of its own, and not left behind', async () => {
    places.findings = ['row 1 is missing from the index'];
    await expect(prepareRestore(places.engine, order(), records, context())).rejects.toMatchObject({
      code: 'check.failed',
      message: 'The restored copy was not put in place. Equal, but the check integrity failed: row 1 is missing from the index.',
    });
    expect([...places.places]).toEqual([['shop', 'broken']]);
    expect(records.held()).toEqual([]);
  });

  test('a copy that is not equal is never swapped in and not left behind', async () => {
    places.spoiled = 'not the same';
    await expect(prepareRestore(places.engine, order(), records, context())).rejects.toMatchObject({ code: 'target.not-equal' });
    expect([...places.places]).toEqual([['shop', 'broken']]);
    expect(records.held()).toEqual([]);
  });

  test('a restore that fails half-way leaves nothing behind', async () => {
    places.failAt = 'restore';
    await expect(prepareRestore(places.engine, order(), records, context())).rejects.toMatchObject({ code: 'target.no-space' });
    expect([...places.places]).toEqual([['shop', 'broken']]);
    expect(records.held()).toEqual([]);
  });

  test.each(['before-intent', 'after-intent', 'after-swap'] as const)('a swap that fails %s ends in one of its two states, and says which', async (step) => {
    const { held } = await prepareRestore(places.engine, order(), records, context());
    places.failAt = step;
    const promoted = promoteHeld(places.engine, held, { what: 'rewind', onDropped }, records, context());
    // Told as failed, what is in place would be put there once more.
    if (step === 'after-swap') expect(await promoted).toMatchObject({ what: 'rewind', target: 'shop' });
    else await expect(promoted).rejects.toMatchObject({ code: 'target.no-space' });
    places.failAt = undefined;
    const swapped = places.places.get('shop') === 'good';
    expect(swapped).toBe(step === 'after-swap');
    expect(records.undo().map((row) => row.state)).toEqual(swapped ? ['kept'] : []);
    if (swapped) await undoSwap(engineOf, undefined, false, records, context());
    expect(places.places.get('shop')).toBe('broken');
  });
});

describe('after a crash', () => {
  test('a swap that had begun is completed or rolled back at the next start', async () => {
    const undo = await rewind();
    const file = join(home, 'restores.json');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace(/"state":(\s*)"kept"/, '"state":$1"pending"'));
    await reopen();
    expect(records.undo()[0]?.state).toBe('pending');
    const notes = await settleAll(engineOf, records, context());
    expect(notes).toEqual([`an interrupted rewind of shop was completed`]);
    expect(records.undo()[0]?.state).toBe('kept');

    places.places.delete(undo.kept);
    for (const row of records.undo()) await records.putUndo({ ...row, state: 'pending' });
    expect(await settleAll(engineOf, records, context())).toEqual(['an interrupted rewind of shop was rolled back']);
    expect(records.undo()).toEqual([]);
  });

  test('a held copy whose swap is completed is held no more: there is nothing left to promote', async () => {
    const { held } = await prepareRestore(places.engine, { ...order(), hold: true }, records, context());
    const undo = await promoteHeld(places.engine, held, { what: 'restore', onDropped }, records, context());
    expect([records.held(), records.undo().map(({ state }) => state)]).toEqual([[], ['kept']]);
    await records.putHeld(held);
    for (const row of records.undo()) await records.putUndo({ ...row, state: 'pending', held: held.id });
    await reopen();
    expect(await settleAll(engineOf, records, context())).toEqual(['an interrupted restore of shop was completed']);
    expect([records.held(), records.undo().map(({ entry, state }) => [entry.id, state])]).toEqual([[], [[undo.id, 'kept']]]);
  });

  test('a copy that was proved and not yet swapped in is removed', async () => {
    await prepareRestore(places.engine, order(), records, context());
    await reopen();
    expect(await settleAll(engineOf, records, context())).toEqual(['an unfinished copy beside shop was removed']);
    expect([...places.places]).toEqual([['shop', 'broken']]);
  });

  test('a copy that was being built is removed; one that waits for a decision stays', async () => {
    const { held } = await prepareRestore(places.engine, { ...order(), hold: true }, records, context());
    await records.putHeld({ ...held, id: 'second', state: 'building', copy: { ...held.copy, location: { place: 'half' } } });
    places.places.set('half', 'x');
    await reopen();
    expect(await settleAll(engineOf, records, context())).toEqual(['an unfinished copy beside shop was removed']);
    expect(places.places.has('half')).toBe(false);
    expect(records.held().map((row) => row.id)).toEqual([held.id]);
  });
});

describe('a rewind to a checkpoint', () => {
  const target = { location: { place: 'shop' }, mode: 'replace' as const };
  const facts = { what: 'checkpoint-rewind' as const, target: 'shop', source: 'shop' };
  const copy: RestoredCopy = { engine: 'sqlite', location: { place: 'shop~copy' }, data: {} };
  const swapped = (between: () => void = () => undefined): Promise<UndoEntry> =>
    swapCheckpoint(
      places.engine,
      target,
      facts,
      async ({ building, swapping }) => {
        await building(copy);
        places.places.set('shop~copy', 'good');
        between();
        return places.engine.promote(copy, target, context(), swapping);
      },
      records,
      context(),
      onDropped,
    );

  test('has its copy on record before it is made, and no longer than it is there', async () => {
    let seen: readonly unknown[] = [];
    await swapped(() => {
      seen = records.held().map(({ state, describes, source }) => ({ state, describes, source }));
    });
    expect(seen).toEqual([{ state: 'building', describes: 'shop', source: 'shop' }]);
    expect(records.held()).toEqual([]);
    expect(places.places.get('shop')).toBe('good');
  });

  test.each(['before-intent', 'after-intent'] as const)('that fails %s leaves nothing of its copy', async (step) => {
    places.failAt = step;
    await expect(swapped()).rejects.toMatchObject({ code: 'target.no-space' });
    expect([...places.places]).toEqual([['shop', 'broken']]);
    expect([records.held(), records.undo()]).toEqual([[], []]);
  });

  test('whose swap cannot be settled keeps its copy until it can: the swap may need it to go forwards', async () => {
    places.failAt = 'after-intent';
    places.unreachable = true;
    await expect(swapped()).rejects.toMatchObject({ code: 'target.no-space' });
    await settleAll(engineOf, records, context());
    expect(places.places.get('shop~copy')).toBe('good');
    places.unreachable = false;
    expect(await settleAll(engineOf, records, context())).toEqual([
      'an interrupted checkpoint-rewind of shop was rolled back',
      'an unfinished copy beside shop was removed',
    ]);
    expect([...places.places]).toEqual([['shop', 'broken']]);
    expect([records.held(), records.undo()]).toEqual([[], []]);
  });
});

describe('a target that cannot be reached', () => {
  const denied = (): void => {
    places.unreachable = true;
  };

  test('keeps no host from starting: what is half-done waits, and is settled at a later start', async () => {
    const undo = await rewind();
    for (const row of records.undo()) await records.putUndo({ ...row, state: 'pending' });
    denied();
    expect(await settleAll(engineOf, records, context())).toEqual(['an interrupted rewind of shop could not be settled yet: not reached']);
    expect(records.undo().map((row) => [row.entry.id, row.state])).toEqual([[undo.id, 'pending']]);
    places.unreachable = false;
    expect(await settleAll(engineOf, records, context())).toEqual(['an interrupted rewind of shop was completed']);
  });

  test('during an undo: said, and undone once it is there again', async () => {
    await rewind();
    denied();
    places.failAt = 'undo';
    await expect(undoSwap(engineOf, undefined, false, records, context())).rejects.toMatchObject({ code: 'target.no-space' });
    places.unreachable = false;
    places.failAt = undefined;
    await undoSwap(engineOf, undefined, false, records, context());
    expect([...places.places]).toEqual([['shop', 'broken']]);
  });

  test('what waits is settled before the target is swapped again', async () => {
    const undo = await rewind('one');
    for (const row of records.undo()) await records.putUndo({ ...row, state: 'pending' });
    await rewind('two');
    expect(records.undo().map((row) => [row.entry.id === undo.id, row.state])).toEqual([
      [true, 'kept'],
      [false, 'kept'],
    ]);
  });
});

describe('undo', () => {
  test('goes back one swap after the other, newest first', async () => {
    const first = await rewind('one');
    const second = await rewind('two');
    await expect(undoSwap(engineOf, first.id, false, records, context())).rejects.toMatchObject({ code: 'undo.target-changed', details: { newer: second.id } });
    await undoSwap(engineOf, undefined, false, records, context());
    expect(places.places.get('shop')).toBe('one');
    await undoSwap(engineOf, undefined, false, records, context());
    expect(places.places.get('shop')).toBe('broken');
    await expect(undoSwap(engineOf, undefined, false, records, context())).rejects.toMatchObject({ code: 'undo.nothing' });
  });

  test('one that fails leaves the kept copy on record', async () => {
    const undo = await rewind();
    places.failAt = 'undo';
    await expect(undoSwap(engineOf, undo.id, false, records, context())).rejects.toMatchObject({ code: 'target.no-space' });
    expect(records.undo().map((row) => [row.entry.id, row.state])).toEqual([[undo.id, 'kept']]);
  });

  test('one that met an error once it was done is told as done: the same command again would take back the swap before it', async () => {
    const first = await rewind('one');
    const second = await rewind('two');
    places.failAt = 'after-undo';
    expect(await undoSwap(engineOf, undefined, false, records, context())).toMatchObject({ id: second.id });
    expect([places.places.get('shop'), records.undo().map((row) => row.entry.id)]).toEqual(['one', [first.id]]);
  });

  test('an older copy that cannot be removed makes no failure of the swap that it gave way to; the next one tries again', async () => {
    const all = [];
    for (let number = 0; number < keptPerTarget; number += 1) all.push(await rewind(`text ${number}`));
    places.failAt = 'discard-undo';
    all.push(await rewind('one more'));
    expect([places.places.get('shop'), records.undo().map((row) => row.entry.id)]).toEqual(['one more', all.map((entry) => entry.id)]);
    places.failAt = undefined;
    all.push(await rewind('another'));
    expect(records.undo().map((row) => row.entry.id)).toEqual(all.slice(2).map((entry) => entry.id));
    expect(all.slice(0, 2).some((entry) => places.places.has(entry.kept))).toBe(false);
  });

  test('one that was broken off at its very end has nothing left that could be discarded: its row goes', async () => {
    const undo = await rewind();
    places.places.delete(undo.kept);
    for (const row of records.undo()) await records.putUndo({ ...row, state: 'undoing' });
    places.failAt = 'discard-undo';
    await discardUndo(engineOf, undo.id, records, context());
    expect(records.undo()).toEqual([]);
  });

  test('a change of a row brings none back that went meanwhile', async () => {
    const undo = await rewind();
    await records.removeUndo(undo.id);
    await records.changeUndo(undo.id, (row) => ({ ...row, keep: true }));
    expect(records.undo()).toEqual([]);
  });

  test(`keeps the newest ${keptPerTarget} old copies of a target`, async () => {
    const all = [];
    for (let number = 0; number < keptPerTarget + 2; number += 1) all.push(await rewind(`text ${number}`));
    expect(records.undo().map((row) => row.entry.id)).toEqual(all.slice(2).map((entry) => entry.id));
    expect(all.slice(0, 2).some((entry) => places.places.has(entry.kept))).toBe(false);
    expect(dropped).toEqual(all.slice(0, 2).map((entry) => entry.id));
  });

  test('merges are counted by themselves: they take no old copy of the whole away', async () => {
    const whole = await rewind();
    const merges = [];
    for (let i = 0; i <= keptPerTarget; i += 1) {
      const { held } = await prepareRestore(places.engine, order(`merge ${i}`), records, context());
      merges.push(await promoteHeld(places.engine, held, { what: 'merge', onDropped }, records, context()));
    }
    expect(dropped).toEqual([merges[0]?.id]);
    expect(records.undo().map((row) => row.entry.id)).toEqual([whole, ...merges.slice(1)].map((entry) => entry.id));
  });

  test('a discarded one is gone for good', async () => {
    const undo = await rewind();
    await discardUndo(engineOf, undo.id, records, context());
    expect([...places.places]).toEqual([['shop', 'good']]);
    await expect(undoSwap(engineOf, undo.id, false, records, context())).rejects.toMatchObject({ code: 'undo.nothing' });
  });
});
