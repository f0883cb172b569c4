import type { CommandOutput } from '../../../contract/commands.ts';
import { AppError } from '../../base/errors.ts';
import type { CellValue, Difference, EngineContext, Fingerprint, FingerprintTarget } from '../../engines/engine.ts';
import { asChange, compareFingerprints, notCompared, withRowsTotal } from '../../engines/fingerprint.ts';
import { storedFingerprint } from '../../snapshot/content.ts';
import { engineOf, type Core } from '../core.ts';
import { sourceNamed } from '../known-source.ts';
import { presentContent } from '../present.ts';
import { resolveSnapshot } from '../resolve.ts';
import { withEngineContext, type CallScope } from '../scope.ts';
import { summaryOf } from '../summaries.ts';
import type { Handlers } from './handlers.ts';
import { engineSource } from './sources.ts';

/** A cell that is shown is no longer than this. */
const longestCell = 2000;

type Run = CommandOutput<'diff.run'>;

export const diffHandlers: Handlers<'diff.run' | 'diff.rows'> = {
  'diff.run': async (core, input, scope) => {
    const before = await resolveSnapshot(core, input.before);
    const after = input.after === undefined ? undefined : await resolveSnapshot(core, input.after);
    const engine = engineOf(core, before.record.engine);
    refuseOtherEngine(before.record.engine, after?.record.engine);
    const expected = await storedFingerprint(before.repository, before.record.id, scope.signal);
    const found =
      after === undefined
        ? await withEngineContext(core, scope, async (context) =>
            engine.fingerprint(await liveOf(core, before.record.source), withRowsTotal(context, expected)),
          )
        : await storedFingerprint(after.repository, after.record.id, scope.signal);
    const differences = compareFingerprints(expected, found, asChange);
    return {
      before: summaryOf(before.record),
      ...(after === undefined ? {} : { after: summaryOf(after.record) }),
      definitions: differences.filter((one) => !isOfRows(one, expected, found)).map(definitionOf),
      tables: differences.filter((one) => isOfRows(one, expected, found)).map((one) => tableOf(one, expected, found)),
      notes: notCompared(expected, found).map((name) => `${name} could not be read on one of the sides and was not compared`),
      rows: engine.rowDiff !== undefined,
      putBack: engine.merge !== undefined,
    };
  },

  'diff.rows': async (core, input, scope) => {
    const { record } = await resolveSnapshot(core, input.before);
    const engine = engineOf(core, record.engine);
    if (engine.rowDiff === undefined)
      throw new AppError('engine.unsupported', `Rows of ${engine.title} are not told apart one by one.`, { hint: 'Browse both snapshots.' });
    const { table, offset, limit, count } = input;
    return withEngineContext(core, scope, async (context) => {
      const diff = async (before: FingerprintTarget, after: FingerprintTarget) =>
        (await engine.rowDiff?.(before, after, { object: table, offset, limit, count }, context)) ?? { key: [], rows: [], more: false };
      const found = await opened(core, input.before, scope, context, async (before) =>
        input.after === undefined ? diff(before, await liveOf(core, record.source)) : opened(core, input.after, scope, context, (after) => diff(before, after)),
      );
      return {
        ...found,
        key: [...found.key],
        rows: found.rows.map(({ what, key, cells }) => ({
          what,
          key: key.map(cut),
          cells: cells.map(({ column, before, after }) => ({
            column,
            ...(before === undefined ? {} : { before: cut(before) }),
            ...(after === undefined ? {} : { after: cut(after) }),
          })),
        })),
      };
    });
  },
};

async function opened<T>(core: Core, ref: string, scope: CallScope, context: EngineContext, look: (of: FingerprintTarget) => Promise<T>): Promise<T> {
  const { repository, record } = await resolveSnapshot(core, ref);
  const engine = engineOf(core, record.engine);
  return core.opened.use(engine, () => presentContent(core, repository, engine, record, scope.signal), record.id, context, look);
}

async function liveOf(core: Core, name: string): Promise<FingerprintTarget> {
  return { kind: 'source', source: engineSource(await sourceNamed(core, name)) };
}

function refuseOtherEngine(before: string, after: string | undefined): void {
  if (after === undefined || after === before) return;
  throw new AppError('input.invalid', `One snapshot is of ${before}, the other of ${after}.`, { hint: 'Name two snapshots of one engine.' });
}

function itemsOf(name: string, kind: string, print: Fingerprint) {
  return print.items.find((item) => item.kind === kind && item.name === name);
}

/** Of something with rows, not of how it is defined. */
function isOfRows({ name, kind, what }: Difference, before: Fingerprint, after: Fingerprint): boolean {
  if (what === 'row-count' || what === 'content') return true;
  if (what === 'definition') return false;
  return (itemsOf(name, kind, before) ?? itemsOf(name, kind, after))?.rows !== undefined;
}

function changeOf({ what, expected, found }: Difference): 'added' | 'removed' | 'changed' {
  if (what === 'missing') return 'removed';
  if (what === 'unexpected') return 'added';
  if (what !== 'definition' || (expected === undefined) === (found === undefined)) return 'changed';
  return expected === undefined ? 'added' : 'removed';
}

function definitionOf(one: Difference): Run['definitions'][number] {
  return { name: one.name, kind: one.kind, what: changeOf(one), statement: one.statement };
}

function tableOf(one: Difference, before: Fingerprint, after: Fingerprint): Run['tables'][number] {
  const [was, is] = [itemsOf(one.name, one.kind, before)?.rows, itemsOf(one.name, one.kind, after)?.rows];
  return { name: one.name, what: changeOf(one), ...(was === undefined ? {} : { rowsBefore: was }), ...(is === undefined ? {} : { rowsAfter: is }) };
}

function cut(cell: CellValue): CellValue {
  if (typeof cell === 'string') return cell.length > longestCell ? `${cell.slice(0, longestCell)}…` : cell;
  return typeof cell === 'object' && cell !== null && cell.v.length > longestCell ? { ...cell, v: cell.v.slice(0, longestCell - (longestCell % 4)) } : cell;
}
