import { statfs } from 'node:fs/promises';
import { AppError } from '../../base/errors.ts';
import type {
  BrowsePage,
  BrowseRequest,
  Difference,
  EngineContext,
  EngineSource,
  Fingerprint,
  FingerprintTarget,
  Inventory,
  Probe,
  SelfCheck,
} from '../engine.ts';
import type { RowDiff, RowDiffRequest } from '../row-diff.ts';
import { withAgent, type AgentSettings, type SqliteAgent } from './client.ts';
import { takePrivateCopies } from './hold-copy.ts';
import { holdSource, releaseSource, type HeldSource } from './held.ts';
import { filesOf } from './location.ts';
import { copyData } from './restored-copy.ts';
import { tellRows } from './row-progress.ts';

/** Looking holds writers up for no longer than this; longer looks are at a private copy. */
const maxWriterWait = 2000;
const mostRows = 1000;

/** Opens what is to be looked at in the agent as a set of that name, and releases it afterwards. */
async function withTarget<T>(
  settings: AgentSettings,
  of: FingerprintTarget,
  set: string,
  agent: SqliteAgent,
  context: EngineContext,
  work: (held: HeldSource | undefined, set: string) => Promise<T>,
): Promise<T> {
  if (of.kind === 'copy') {
    const files = copyData(of.copy).files.map(({ name, path }) => ({ name, path, real: path, access: 'read' as const }));
    await agent.call('open', { set, files, busyMs: maxWriterWait, hold: false });
    return work(undefined, set);
  }
  const first = await holdSource(of.source.location, agent, maxWriterWait, context, set);
  try {
    const held = await takePrivateCopies(first, agent, maxWriterWait, context);
    return await work(held, held.set);
  } finally {
    await releaseSource(settings, first, agent, context);
  }
}

function looking<T>(
  settings: AgentSettings,
  of: FingerprintTarget,
  context: EngineContext,
  work: (agent: SqliteAgent, set: string, held: HeldSource | undefined) => Promise<T>,
): Promise<T> {
  return withAgent(settings, context, (agent) => withTarget(settings, of, 'main', agent, context, (held, set) => work(agent, set, held)));
}

export function fingerprint(settings: AgentSettings, of: FingerprintTarget, context: EngineContext): Promise<Fingerprint> {
  return looking(settings, of, context, async (agent, set, held) => {
    const printing = agent.call('fingerprint', { set }, tellRows(context));
    const printed = await (held === undefined ? printing : held.lease.during(printing));
    for (const warning of printed.warnings) context.log.info(warning);
    return printed.fingerprint;
  });
}

export function selfCheck(settings: AgentSettings, of: FingerprintTarget, context: EngineContext): Promise<readonly SelfCheck[]> {
  return looking(settings, of, context, async (agent, set) => {
    context.progress({ stage: 'checking integrity' });
    return (await agent.call('selfCheck', { set })).checks;
  });
}

export function browse(settings: AgentSettings, of: FingerprintTarget, request: BrowseRequest, context: EngineContext): Promise<BrowsePage> {
  const { object, offset, limit, orderBy = null } = request;
  if (!Number.isInteger(offset) || offset < 0)
    throw new AppError('input.invalid', 'The offset is not a whole number from 0.', { details: { field: 'offset' } });
  if (!Number.isInteger(limit) || limit < 1 || limit > mostRows)
    throw new AppError('input.invalid', `The limit is not between 1 and ${mostRows}.`, { details: { field: 'limit' } });
  return looking(settings, of, context, async (agent, set) => (await agent.call('browse', { set, object, offset, limit, orderBy })).page);
}

export function query(settings: AgentSettings, of: FingerprintTarget, sql: string, context: EngineContext): Promise<BrowsePage> {
  return looking(settings, of, context, async (agent, set) => (await agent.call('query', { set, sql })).page);
}

/** The differences with, after each table whose rows differ, the rows themselves. */
export function explain(
  settings: AgentSettings,
  expected: FingerprintTarget,
  found: FingerprintTarget,
  differences: readonly Difference[],
  limit: number,
  context: EngineContext,
): Promise<readonly Difference[]> {
  const tables = differences.filter((one) => one.kind === 'table' && (one.what === 'content' || one.what === 'row-count')).map((one) => one.name);
  if (tables.length === 0 || limit <= 0) return Promise.resolve(differences);
  return withAgent(settings, context, (agent) =>
    withTarget(settings, expected, 'expected', agent, context, (_one, expectedSet) =>
      withTarget(settings, found, 'found', agent, context, async (_other, foundSet) => {
        context.progress({ stage: 'looking for the rows that differ' });
        const rows = (await agent.call('explain', { expected: expectedSet, found: foundSet, tables, limit })).differences;
        return differences.flatMap((one) => [one, ...(one.kind === 'table' ? rows.filter((row) => row.name === one.name) : [])]);
      }),
    ),
  );
}

export function rowDiff(
  settings: AgentSettings,
  before: FingerprintTarget,
  after: FingerprintTarget,
  { object, offset, limit, count }: RowDiffRequest,
  context: EngineContext,
): Promise<RowDiff> {
  return withAgent(settings, context, (agent) =>
    withTarget(settings, before, 'before', agent, context, (_one, beforeSet) =>
      withTarget(settings, after, 'after', agent, context, async (_other, afterSet) => {
        context.progress({ stage: `looking for the rows of ${object} that differ` });
        return (await agent.call('rowDiff', { before: beforeSet, after: afterSet, object, offset, limit, count })).diff;
      }),
    ),
  );
}

export function inventory(settings: AgentSettings, source: EngineSource, context: EngineContext): Promise<Inventory> {
  return looking(settings, { kind: 'source', source }, context, async (agent, set) => ({ items: (await agent.call('inventory', { set })).items }));
}

export function probe(settings: AgentSettings, source: EngineSource, context: EngineContext): Promise<Probe> {
  return looking(settings, { kind: 'source', source }, context, async (agent, set, held) => {
    const { sqlite } = await agent.call('hello', null);
    const { files } = await agent.call('facts', { set });
    const [main] = files;
    const [first] = held?.files ?? [];
    if (main === undefined || first === undefined || held === undefined) throw new AppError('bug', 'the source has no file');
    const bytes = held.files.reduce((sum, file) => sum + file.view.pages * file.view.pageSize, 0);
    const facts: Probe['facts'] = [
      { name: 'file', value: first.source.real },
      ...(held.files.length > 1
        ? [
            {
              name: 'attached',
              value: held.files
                .slice(1)
                .map((file) => `${file.source.name} (${file.source.real})`)
                .join(', '),
            },
          ]
        : []),
      { name: 'tables', value: String(files.reduce((sum, file) => sum + file.tables, 0)) },
      { name: 'page size', value: String(main.pageSize) },
      { name: 'pages', value: `${main.pages}, ${main.freePages} of them free` },
      { name: 'encoding', value: main.encoding },
      { name: 'journal mode', value: main.journal },
      { name: 'user_version', value: String(main.userVersion) },
      { name: 'application_id', value: String(main.applicationId) },
      { name: 'last written by', value: first.source.header?.writtenBy ?? '' },
    ];
    return {
      serverVersion: sqlite,
      facts: facts.filter((fact) => fact.value !== ''),
      bytes,
      tools: [{ tool: 'SQLite library', version: sqlite, origin: 'comes with Belay' }],
      warnings: [...held.warnings, ...(await placeWarnings(source))],
      consistency: held.together ? 'transaction' : 'file',
    };
  });
}

/** Network file systems by Linux's numbers: their locks do not always reach other machines. */
const networked = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x01021997, '9p'],
]);

async function placeWarnings(source: EngineSource): Promise<readonly string[]> {
  const warnings: string[] = [];
  for (const file of filesOf(source.location)) {
    const kind = process.platform === 'linux' ? networked.get((await statfs(file.path)).type >>> 0) : undefined;
    if (kind !== undefined) warnings.push(`${file.path} lies on a network file system (${kind}), whose locks may not keep writers on other machines out`);
  }
  return warnings;
}
