import { AppError } from '../../base/errors.ts';
import { counted } from '../../base/words.ts';
import { basename, isAbsolute } from 'node:path';
import type { CommandOutput, CommandParsed } from '../../../contract/commands.ts';
import type { Difference, Engine, EngineContext, ExportResult, Fingerprint, FingerprintTarget, LoadedNative } from '../../engines/engine.ts';
import { compareFingerprints, notCompared, withRowsTotal } from '../../engines/fingerprint.ts';
import { openContent, storedFingerprint } from '../../snapshot/content.ts';
import { judge } from '../../verify/drill.ts';
import { runSmokeChecks } from '../../verify/smoke.ts';
import { engineOf, type Core } from '../core.ts';
import type { FoundNative } from '../../inspect/import.ts';
import { looseFile, withNative } from '../loose-file.ts';
import { presentContent } from '../present.ts';
import { isThere, replaceable } from '../replacing.ts';
import { exportTo } from '../../restore/exporting.ts';
import { resolveSnapshot } from '../resolve.ts';
import { sourceNamed } from '../known-source.ts';
import { withEngineContext } from '../scope.ts';
import { shownObjects, summaryOf } from '../summaries.ts';
import type { Handlers } from './handlers.ts';
import { engineSource } from './sources.ts';

/** Rows of detail that a comparison looks for in each differing table. */
const detailRows = 20;

export const lookingHandlers: Handlers<'snapshot.rows' | 'file.recognise' | 'file.verify' | 'source.compare' | 'export'> = {
  'snapshot.rows': async (core, input, scope) => {
    const { repository, record } = await resolveSnapshot(core, input.snapshot);
    const engine = engineOf(core, record.engine);
    const snapshot = summaryOf(record);
    const { object, query } = input;
    if (object === undefined && query === undefined) {
      const objects = core.catalog.objects(record.id, { limit: 10_000, offset: 0 }).objects;
      return { snapshot, objects: shownObjects(objects.filter((one) => one.rows !== undefined)) };
    }
    return withEngineContext(core, scope, async (context) => {
      const content = () => presentContent(core, repository, engine, record, scope.signal);
      const request =
        query === undefined && object !== undefined
          ? { object, offset: input.offset, limit: input.limit, ...(input.orderBy === undefined ? {} : { orderBy: input.orderBy }) }
          : undefined;
      const look = (of: FingerprintTarget) => (request === undefined ? engine.query(of, query ?? '', context) : engine.browse(of, request, context));
      const stored = request === undefined ? undefined : await engine.browseStored?.(await content(), request, context);
      const page = stored ?? (await core.opened.use(engine, content, record.id, context, look));
      return {
        snapshot,
        ...(object === undefined ? {} : { object }),
        page: { columns: [...page.columns], rows: page.rows.map((row) => [...row]), ...(page.total === undefined ? {} : { total: page.total }) },
      };
    });
  },

  'file.recognise': (core, { path }, scope) =>
    withEngineContext(core, scope, async (context) => {
      const { file, engine } = await looseFile(core, path, context);
      const { format, version, bytes, madeAt, madeAtFrom } = file;
      return { engine: engine.kind, format, version, bytes, madeAt, madeAtFrom };
    }),

  'file.verify': (core, input, scope) => withEngineContext(core, scope, (context) => verifyFile(core, input, context)),

  'source.compare': async (core, input, scope) => {
    const source = await sourceNamed(core, input.source);
    const ref = input.snapshot === 'latest' ? `latest:${source.name}` : input.snapshot;
    const { repository, record } = await resolveSnapshot(core, ref);
    const engine = engineOf(core, source.engine);
    return withEngineContext(core, scope, async (context) => {
      const live: FingerprintTarget = { kind: 'source', source: engineSource(source) };
      const expected = await storedFingerprint(repository, record.id, scope.signal);
      const found = await engine.fingerprint(live, withRowsTotal(context, expected));
      const differences = compareFingerprints(expected, found);
      const apart = notCompared(expected, found);
      const explained =
        differences.length === 0
          ? []
          : await core.opened.use(
              engine,
              () => presentContent(core, repository, engine, record, scope.signal),
              record.id,
              context,
              (of) => engine.explain(of, live, differences, detailRows, context),
            );
      const unknown = apart.map((name) => ({ name, kind: 'table', what: 'content' as const, statement: `${name} cannot be read here and was not compared` }));
      return { snapshot: summaryOf(record), equal: differences.length + unknown.length === 0, differences: [...mutable(explained), ...unknown] };
    });
  },

  export: async (core, input, scope) => {
    const { repository, record } = await resolveSnapshot(core, input.snapshot);
    const engine = engineOf(core, record.engine);
    if (!isAbsolute(input.to)) throw new AppError('input.invalid', `${input.to} is not an absolute path.`);
    const replace = input.replace && (await replaceable(core, input.to));
    if (!replace && (await isThere(input.to))) throw new AppError('target.exists', `${input.to} exists already.`, { hint: 'Name a path that does not exist.' });
    const format = exportFormat(engine, input.format, input.to, input.object !== undefined);
    return withEngineContext(core, scope, async (context) => {
      const content = await openContent(repository, engine, record, scope.signal);
      const request = { format, shownAs: input.to, madeAt: record.createdAt, ...(input.object === undefined ? {} : { object: input.object }) };
      const write = async (to: string): Promise<ExportResult> => {
        const made = await engine.exportNative(content, { ...request, to }, context);
        // It may have become a database that is in use meanwhile.
        if (replace) await replaceable(core, input.to);
        return made;
      };
      const { files } = await exportTo({ to: input.to, replace }, write, core.exports, context);
      return { snapshot: summaryOf(record), files: files.map((file) => ({ ...file })) };
    });
  },
};

/** The format that was asked for, with or without its dot, else what the file's name says, else the engine's own. The name must not promise another one. */
function exportFormat(engine: Engine, asked: string | undefined, to: string, one: boolean): string {
  const { exportFormats, importFormats, tableFormats } = engine.capabilities;
  const named = exportFormats.find((one) => to.toLowerCase().endsWith(one));
  const format = asked === undefined ? (named ?? exportFormats[0]) : `.${asked.replace(/^\./, '').toLowerCase()}`;
  const offered = `It exports ${exportFormats.join(', ')}.`;
  if (format === undefined || !exportFormats.includes(format))
    throw new AppError('engine.unsupported', `${engine.title} does not export ${asked ?? 'anything'}.`, { hint: offered });
  const ending = /\.[a-z]\w*$/i.exec(basename(to))?.[0].toLowerCase();
  if (asked !== undefined || named !== undefined || ending === undefined || importFormats.includes(ending)) return format;
  throw new AppError('input.invalid', `${to} ends in ${ending}, which ${engine.title} does not export. Nothing was written.`, {
    hint: `${one && tableFormats !== undefined ? `A table goes out as ${tableFormats.join(', ')}.` : offered} For that name all the same, add: --format ${(one ? tableFormats?.[0] : undefined) ?? format}`,
  });
}

async function verifyFile(core: Core, input: CommandParsed<'file.verify'>, context: EngineContext): Promise<CommandOutput<'file.verify'>> {
  const found = await looseFile(core, input.path, context);
  return withNative(core, found, input.server, context, (loaded) => verifyNative(core, found, loaded, input, context));
}

async function verifyNative(
  core: Core,
  { file, engine }: FoundNative,
  { source, leftOut }: LoadedNative,
  input: Pick<CommandParsed<'file.verify'>, 'path' | 'against' | 'checks'>,
  context: EngineContext,
): Promise<CommandOutput<'file.verify'>> {
  const started = context.clock.monotonic();
  const of: FingerprintTarget = { kind: 'source', source };
  const found = await engine.fingerprint(of, context);
  const brought = (print: Fingerprint): Fingerprint => ({ ...print, items: print.items.filter(({ kind, name }) => leftOut?.has(kind, name) !== true) });
  const own = await engine.selfCheck(of, context);
  const smoke = await runSmokeChecks(input.checks, engine, of, input.path, context);
  let differences: readonly Difference[] = [];
  if (input.against !== undefined) {
    const { repository, record } = await resolveSnapshot(core, input.against);
    if (record.engine !== engine.kind)
      throw new AppError('input.invalid', `The snapshot is of ${record.engine}, the file of ${engine.kind}.`, { hint: 'Name a snapshot of the same engine.' });
    differences = compareFingerprints(brought(await storedFingerprint(repository, record.id, context.signal)), brought(found));
    if (differences.length > 0) {
      const expected = differences;
      differences = await core.opened.use(
        engine,
        () => presentContent(core, repository, engine, record, context.signal),
        record.id,
        context,
        (stored) => engine.explain(stored, of, expected, detailRows, context),
      );
    }
  }
  const verdict = judge(found, differences, own, smoke, Math.round(context.clock.monotonic() - started));
  const apart = leftOut === undefined ? '' : ` Not compared, since no such file brings them in: ${leftOut.words}.`;
  const equalTo =
    input.against === undefined
      ? `Readable, and its own checks passed: ${counted(verdict.items, 'item')}, ${counted(verdict.rows, 'row')}.`
      : `Equal to the snapshot: ${counted(brought(found).items.length, 'item')}, ${counted(verdict.rows, 'row')}.${apart}`;
  return {
    format: file.format,
    version: file.version,
    bytes: file.bytes,
    madeAt: file.madeAt,
    madeAtFrom: file.madeAtFrom,
    // A file alone can be intact; only a comparison with what was captured proves it.
    verification: { ...verdict, level: input.against === undefined ? 'intact' : 'proved', ...(verdict.result === 'passed' ? { statement: equalTo } : {}) },
  };
}

function mutable(differences: readonly Difference[]): CommandOutput<'source.compare'>['differences'] {
  return differences.map((one) => ({ ...one }));
}
