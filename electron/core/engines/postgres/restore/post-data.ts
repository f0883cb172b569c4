import { AppError } from '../../../base/errors.ts';
import type { EngineContext } from '../../engine.ts';
import type { ArchiveEntry } from '../archive/archive.ts';
import type { PostgresLocation } from '../location.ts';
import { runTool, type ToolCall } from '../tools/pg-tool.ts';
import type { Session } from '../session/session.ts';
import type { Tools } from '../tools/tools.ts';

/** A skeleton in a file, and where it is restored to. */
export interface Skeleton {
  readonly file: string;
  readonly tools: Tools;
  readonly place: PostgresLocation;
  readonly options: string;
  readonly context: EngineContext;
  /** Options of pg_restore that follow from choices. */
  readonly flags: readonly string[];
  /** Entries, by their numbers, that are not restored. */
  readonly leftOut: ReadonlySet<number>;
}

/** One section, or the entries of one list, in one or more jobs. */
export async function restorePart(skeleton: Skeleton, args: readonly string[], part: Pick<ToolCall, 'list' | 'jobs'> = {}): Promise<void> {
  const { tools, place, options, context, file, flags } = skeleton;
  await runTool(
    {
      tools,
      program: 'pg_restore',
      args: ['--exit-on-error', ...flags, ...args],
      archive: file,
      ...part,
      place: { location: place, database: place.database, restoring: true, options },
    },
    context,
  );
}

/** A skeleton as a file, wherever it goes. */
export type SkeletonFile = Pick<Skeleton, 'file' | 'tools' | 'context' | 'leftOut'>;

/** The passes in which the last section is made. */
type Pass = 'constraint' | 'view' | 'index' | 'rest' | 'event trigger';

function passOf({ what, catalog, needs }: ArchiveEntry, eventTriggers: ReadonlySet<number>): Pass {
  // What is said of one is said when it is there.
  if (what === 'EVENT TRIGGER' || ((what === 'COMMENT' || what === 'SECURITY LABEL') && needs.some((id) => eventTriggers.has(id)))) return 'event trigger';
  if (what === 'MATERIALIZED VIEW') return 'view';
  // An attachment of a partition's index stands in no catalog of its own.
  if (catalog === 0) return 'rest';
  return what === 'INDEX' ? 'index' : what === 'CONSTRAINT' ? 'constraint' : 'rest';
}

/** Lines of a list for pg_restore, in the archive's order: the entries of one section, but for what is left out. */
export function listOf(
  { leftOut }: SkeletonFile,
  entries: readonly ArchiveEntry[],
  section: 'pre-data' | 'data' | 'post-data',
  passes?: readonly Pass[],
): readonly string[] {
  const eventTriggers = new Set(entries.flatMap((one) => (one.what === 'EVENT TRIGGER' ? [one.id] : [])));
  const wanted = entries.filter((one) => one.section === section && !leftOut.has(one.id) && passes?.includes(passOf(one, eventTriggers)) !== false);
  return wanted.map((one) => `${one.id};`);
}

export interface PostData {
  /** Indexes and unique constraints in parallel, then everything that rests on them, one after the other. */
  definitions(session: Session, searchPath: string): Promise<void>;
  /** Last of all: from then on they see, and may veto, what we do. */
  eventTriggers(): Promise<void>;
}

/**
 * The last section in passes. All of it in parallel is a race: an index of a partition may be attached before its parent's others, which leaves the
 * parent's not valid without an error, or fails foreign keys.
 */
export function postData(skeleton: Skeleton, entries: readonly ArchiveEntry[]): PostData {
  const linesOf = (pass: Pass): readonly string[] => listOf(skeleton, entries, 'post-data', [pass]);
  const make = async (lines: readonly string[], jobs: number): Promise<void> => {
    if (lines.length === 0) return;
    await restorePart(skeleton, ['--section=post-data'], { list: lines, jobs });
  };
  const build = async (lines: readonly string[], session: Session, searchPath: string): Promise<void> => {
    try {
      await make(lines, 2);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'tool.failed') throw error;
      skeleton.context.log.info('indexes are built one by one', { why: error.details?.['said'] });
      await buildOneByOne(skeleton, lines, session, searchPath);
    }
  };
  return {
    definitions: async (session, searchPath) => {
      const [constraints, views, indexes] = [linesOf('constraint'), linesOf('view'), linesOf('index')];
      if (views.length === 0) await build([...constraints, ...indexes], session, searchPath);
      else {
        // A materialized view that groups by a primary key is made after it, and its own indexes after that.
        await build(constraints, session, searchPath);
        await make(views, 1);
        await build(indexes, session, searchPath);
      }
      await make(linesOf('rest'), 1);
    },
    eventTriggers: () => make(linesOf('event trigger'), 1),
  };
}

/** What the server says of what is there already. */
const thereAlready: ReadonlySet<unknown> = new Set(['42P07', '42710', '42P16']);

/** pg_restore empties the search path, by which an index may call a function that looks things up: such a statement is run by us, under the captured one. */
async function buildOneByOne(skeleton: Skeleton, lines: readonly string[], session: Session, searchPath: string): Promise<void> {
  for (const line of lines) {
    const { stdout } = await runTool(
      {
        tools: skeleton.tools,
        program: 'pg_restore',
        args: ['-f', '-', ...skeleton.flags, '--section=post-data'],
        archive: skeleton.file,
        list: [line],
        keepOutput: 16 << 20,
      },
      skeleton.context,
    );
    const statements = stdout
      .split('\n')
      .filter((one) => !/^\\(?:un)?restrict |^SELECT pg_catalog\.set_config\('search_path'|^SET (?!default_tablespace )|^--/.test(one))
      .map((one) => one.replace(/^SET (?=default_tablespace )/, 'SET LOCAL '))
      .join('\n');
    await session.run('BEGIN');
    try {
      await session.rows(`SELECT pg_catalog.set_config('search_path', $1, true)`, [searchPath]);
      await session.run(statements);
      await session.run('COMMIT');
    } catch (error) {
      await session.run('ROLLBACK');
      if (!(error instanceof AppError) || !thereAlready.has(error.details?.['sqlstate'])) throw error;
    }
  }
}

/** The first section, but for what is left out. */
export async function preData(skeleton: Skeleton, entries: readonly ArchiveEntry[]): Promise<void> {
  const list = listOf(skeleton, entries, 'pre-data');
  if (list.length > 0) await restorePart(skeleton, ['--section=pre-data'], { list });
}

/** Large objects with what is said of them, but for what is left out. */
export async function largeObjects(skeleton: Skeleton, entries: readonly ArchiveEntry[]): Promise<void> {
  const all = entries.filter((one) => one.section === 'data').length;
  const list = listOf(skeleton, entries, 'data');
  if (list.length > 0) await restorePart(skeleton, ['--section=data'], list.length === all ? {} : { list });
}
