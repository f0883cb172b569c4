import { commandLine, count, counted } from '../../core/app/faces.ts';
import type { CommandOutput } from '../../contract/commands.ts';
import type { SnapshotSummary, Source, UndoEntry, Verification } from '../../contract/model.ts';
import { ago, duration, exact, size, when } from './format.ts';
import type { Output } from './output.ts';
import { styled } from './style.ts';

/** How parts of an answer read, the same in every command. */

type Level = SnapshotSummary['proved'];
const levels: readonly Level[] = ['captured', 'intact', 'complete', 'proved'];

/** First figures of an id: enough to name a snapshot on this machine. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}

/** Four steps and the word: `■■■□ complete`; green only when proved, red when the newest proof of some level failed. */
export function proofSteps(snapshot: Pick<SnapshotSummary, 'proved' | 'failing'>): string {
  const reached = levels.indexOf(snapshot.proved) + 1;
  const text = `${'■'.repeat(reached)}${'□'.repeat(levels.length - reached)} ${snapshot.proved}`;
  if (snapshot.failing) return styled('bad', `${text}, failing`);
  return snapshot.proved === 'proved' ? styled('good', text) : text;
}

/** `#12 (4f2a91c0) of shop, 2 h ago (2026-11-20 14:03:07)`. */
export function snapshotPhrase(snapshot: SnapshotSummary, now: number): string {
  const name = snapshot.name === undefined ? '' : ` “${snapshot.name}”`;
  return `#${snapshot.seq} (${shortId(snapshot.id)})${name} of ${snapshot.part === undefined ? '' : 'a part of '}${snapshot.source}, ${when(snapshot.createdAt, now)}`;
}

export function snapshotTable(output: Output, snapshots: readonly SnapshotSummary[], now: number): void {
  output.table(
    [
      { title: '#', align: 'right' },
      { title: 'id' },
      { title: 'source', least: 8 },
      { title: 'made' },
      { title: 'at' },
      { title: 'size', align: 'right' },
      { title: 'added', align: 'right' },
      { title: 'rows', align: 'right' },
      { title: 'proof' },
      { title: 'name', least: 8 },
      { title: 'marks', least: 6 },
    ],
    snapshots.map((snapshot) => [
      String(snapshot.seq),
      shortId(snapshot.id),
      snapshot.source,
      ago(snapshot.createdAt, now),
      exact(snapshot.createdAt),
      size(snapshot.bytes),
      size(snapshot.added),
      count(snapshot.rows),
      proofSteps(snapshot),
      snapshot.name ?? '',
      [...(snapshot.part === undefined ? [] : ['a part']), ...(snapshot.pin === undefined ? [] : [`pinned: ${snapshot.pin.reason}`]), ...snapshot.tags].join(
        ', ',
      ),
    ]),
  );
}

export function environmentBadge(environment: Source['environment']): string {
  return environment === 'production' ? styled('bad', environment) : environment;
}

/** Where a source lies, in words: its path or its address where it has one, else its location as it is kept. */
export function locationOf(source: Pick<Source, 'location'>): string {
  const { path, ...rest } = source.location;
  if (typeof path !== 'string') {
    const address = addressOf(source);
    return address === undefined ? factsText(source.location) : `${address}${source.location['part'] === undefined ? '' : ' (a part)'}`;
  }
  const { attached, ...others } = rest;
  const beside = Array.isArray(attached) ? attached.map((file) => `, ${attachedText(file)}`).join('') : '';
  return `${path}${beside}${Object.keys(others).length === 0 ? '' : ` (${factsText(others)})`}`;
}

function attachedText(file: unknown): string {
  if (typeof file !== 'object' || file === null || !('name' in file) || !('path' in file)) return String(file);
  return `${String(file.name)}=${String(file.path)}`;
}

/** Facts that have no form of their own: `client command 60, source shop`; what lies deeper in its own brackets. */
export function factsText(facts: Readonly<Record<string, unknown>>): string {
  return Object.entries(facts)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => `${name} ${valueText(value)}`)
    .join(', ');
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return `(${value.map(valueText).join(', ')})`;
  if (typeof value === 'object' && value !== null) return `(${factsText({ ...value })})`;
  return String(value);
}

const resultWords = { passed: 'passed', failed: 'failed', 'not-run': 'not run' } as const;

/** `postgres://host:5432/database` or `docker://container/database`, as the engine calls the place; undefined for what is no database of a server. */
export function addressOf({ location }: Pick<Source, 'location'>): string | undefined {
  const { container, host, socket, port, database } = location;
  if (typeof container === 'object' && container !== null && typeof database === 'string' && typeof port === 'number') {
    // A container's name, or the project and service of Compose.
    const named = Object.values(container).map(String).join('+');
    return `docker://${named}${port === 5432 ? '' : `:${port}`}/${encodeURIComponent(database)}`;
  }
  const server = typeof socket === 'string' ? socket : host;
  if (typeof server !== 'string' || typeof database !== 'string' || typeof port !== 'number') return undefined;
  return `postgres://${encodeURIComponent(server)}:${port}/${encodeURIComponent(database)}`;
}

const engineTitles: Readonly<Record<Source['engine'], string>> = {
  sqlite: 'SQLite',
  postgres: 'PostgreSQL',
  mongodb: 'MongoDB',
  redis: 'Redis',
  files: 'Files',
};

export function engineTitle(engine: Source['engine']): string {
  return engineTitles[engine];
}

/** The outcome of a proof, the differences named, the user's checks below. */
export function verificationLines(verification: Verification): string[] {
  const { result, level } = verification;
  const word =
    result === 'failed'
      ? styled('bad', 'failed')
      : result === 'inconclusive'
        ? styled('look', 'inconclusive')
        : level === 'proved'
          ? styled('good', level)
          : level;
  // The statement of what passed says how much it was.
  const extent = [
    verification.items === 0 || result === 'passed' ? '' : counted(verification.items, 'item'),
    verification.rows === 0 || result === 'passed' ? '' : counted(verification.rows, 'row'),
    duration(verification.durationMs),
  ].filter((part) => part !== '');
  return [
    `${word}: ${verification.statement} (${extent.join(', ')})`,
    ...(verification.place === undefined ? [] : [`  ${verification.place.statement}`]),
    ...verification.warnings.map((warning) => `  ${styled('look', 'warning')}  ${warning}`),
    ...verification.differences.map((difference) => `  ${styled('bad', 'differs')}  ${difference.statement}`),
    ...verification.checks.map(
      (check) =>
        `  check ${check.name}: ${check.result === 'failed' ? styled('bad', check.result) : resultWords[check.result]}, ${check.statement}${check.durationMs > 0 ? ` (${duration(check.durationMs)})` : ''}`,
    ),
  ];
}

/** What of a proof that was run on the way is worth a line: where it passed, what it warns of. */
export function verificationNotes(verification: Verification): string[] {
  return verification.result === 'passed' ? warningLines(verification.warnings) : verificationLines(verification);
}

export function preflightLines(preflight: CommandOutput<'rewind'>['preflight']): string[] {
  const free = preflight.bytesFree === undefined ? '' : ` of ${size(preflight.bytesFree)} free`;
  return [
    ...preflight.steps.map((step, at) => `  ${at + 1}. ${step}`),
    `  Needs ${size(preflight.bytesNeeded)}${free}.`,
    ...preflight.warnings.map((warning) => `  ${styled('look', 'warning')}  ${warning}`),
    ...preflight.blockers.map((blocker) => `  ${styled('bad', 'stands in the way')}  ${blocker.statement} ${blocker.hint}`),
  ];
}

export function undoLine(undo: UndoEntry): string {
  const until =
    undo.keptUntil === undefined ? 'no time takes the old one away' : `the old one is kept until ${exact(undo.keptUntil)}, or until there are three newer ones`;
  const bytes = undo.bytes === undefined || undo.bytes === 0 ? '' : `, ${size(undo.bytes)}`;
  return `To take it back: ${styled('act', commandLine('undo', [undo.id]))} (${until}${bytes})`;
}

export function warningLines(warnings: readonly string[]): string[] {
  return warnings.map((warning) => `${styled('look', 'warning')}  ${warning}`);
}

export function problemLines(problems: CommandOutput<'repository.check'>['problems']): string[] {
  return problems.flatMap((problem) => [
    `${styled('bad', problem.kind)}  ${problem.file}: ${problem.statement}${problem.repairable ? ' Can be mended: belay repair.' : ''}`,
    ...problem.affects.map(
      (affected) => `    snapshot #${affected.seq} (${shortId(affected.snapshot)})${affected.objects.length === 0 ? '' : `: ${affected.objects.join(', ')}`}`,
    ),
  ]);
}
