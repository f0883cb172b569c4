import { memo, useMemo, useState } from 'react';
import type { MouseEvent } from 'react';
import type { SnapshotSummary } from '../../../electron/contract/model.ts';
import { count, exactTime, shortDate } from '../../ui/format.ts';
import { Name } from '../../ui/name.tsx';
import { useWidth } from '../../ui/width.ts';

const laneHeight = 22;
const labelWidth = 128;
const markWidth = 5;
const tickWidth = 48;
const day = 86_400_000;

interface Mark {
  readonly x: number;
  readonly snapshot: SnapshotSummary;
  readonly more: number;
}

/** When each source was snapshotted: a lane a source. Snapshots that would lie on each other are one mark. */
export const Timeline = memo(function Timeline({ snapshots, sources, now, chosen, onChoose }: TimelineProps) {
  const [box, width] = useWidth<HTMLDivElement>();
  const room = Math.max(0, width - labelWidth - 10);
  const range = useMemo(() => rangeOf(snapshots, now), [snapshots, now]);
  const lanes = useMemo(() => lanesOf(snapshots, sources, range, room), [snapshots, sources, range, room]);
  const x = (at: number): number => ((at - range.from) / (range.until - range.from)) * room;
  return (
    <div className="px-6">
      <div ref={box} className="relative">
        <div className="relative h-[22px] text-s text-ink-3" style={{ marginLeft: labelWidth }} aria-hidden="true">
          {range.ticks.map((tick) => (
            <span key={tick} className="absolute whitespace-nowrap" style={x(tick) > room - tickWidth ? { right: 0 } : { left: x(tick) }}>
              {shortDate(tick)}
            </span>
          ))}
        </div>
        <div className="relative max-h-[134px] overflow-x-hidden overflow-y-auto">
          <div aria-hidden="true">
            {range.ticks.map((tick) => (
              <span
                key={tick}
                className="absolute top-0 w-px border-l border-dotted border-line-strong"
                style={{ left: labelWidth + x(tick), height: lanes.length * laneHeight }}
              />
            ))}
          </div>
          {lanes.map(({ source, marks, total }) => (
            <div key={source} className="flex items-center" style={{ height: laneHeight }}>
              <span className="flex shrink-0 pr-3 text-s text-ink-2" style={{ width: labelWidth }}>
                <Name text={source} />
              </span>
              <Lane label={`${source}: ${count(total)} snapshots`} marks={marks} room={room} chosen={chosen} onChoose={onChoose} />
            </div>
          ))}
        </div>
      </div>
    </div>
  );
});

interface TimelineProps {
  readonly snapshots: readonly SnapshotSummary[];
  readonly sources: readonly string[];
  readonly now: number;
  readonly chosen: string | undefined;
  readonly onChoose: (id: string) => void;
}

/** As high as its proof: the height says what the colour says. */
const heights = { captured: 5, intact: 7, complete: 10, proved: 14 } as const;

type Ink = 'bad' | 'ok' | 'step';
const inks: Readonly<Record<Ink, string>> = { bad: 'fill-bad', ok: 'fill-ok', step: 'fill-step' };

interface LaneProps {
  readonly label: string;
  readonly marks: readonly Mark[];
  readonly room: number;
  readonly chosen: string | undefined;
  readonly onChoose: (id: string) => void;
}

/** All marks of a colour are one path: an element for each would be thousands to make anew with each letter of a search. */
function Lane({ label, marks, room, chosen, onChoose }: LaneProps) {
  const [pointed, setPointed] = useState<Mark>();
  const at = (event: MouseEvent<SVGGElement>): Mark | undefined => nearest(marks, event.clientX - event.currentTarget.getBoundingClientRect().left);
  const held = marks.find(({ snapshot }) => snapshot.id === chosen);
  return (
    <svg width={room + 8} height={laneHeight} role="img" aria-label={label} className="overflow-visible">
      <g
        onMouseMove={(event) => setPointed(at(event))}
        onMouseLeave={() => setPointed(undefined)}
        onClick={(event) => {
          const mark = at(event);
          if (mark !== undefined) onChoose(mark.snapshot.id);
        }}
      >
        <rect width={room + 8} height={laneHeight} className="fill-transparent" />
        <line x1="0" x2={room} y1={laneHeight / 2} y2={laneHeight / 2} className="stroke-line" />
        {(['step', 'ok', 'bad'] as const).map((ink) => (
          <path key={ink} d={pathOf(marks.filter(({ snapshot }) => inkOf(snapshot) === ink))} className={inks[ink]} />
        ))}
        {held !== undefined && (
          <rect x={held.x - 2.5} width={markWidth + 4} y="1.5" height={laneHeight - 3} rx="3" className="fill-transparent stroke-accent" strokeWidth="1.5" />
        )}
        {pointed !== undefined && <title>{wordsOf(pointed)}</title>}
      </g>
    </svg>
  );
}

function inkOf(snapshot: SnapshotSummary): Ink {
  if (snapshot.failing) return 'bad';
  return snapshot.proved === 'proved' ? 'ok' : 'step';
}

function pathOf(marks: readonly Mark[]): string {
  return marks
    .map(({ snapshot, x }) => {
      const height = snapshot.failing ? 14 : heights[snapshot.proved];
      return `M${x.toFixed(1)} ${String((laneHeight - height) / 2)}h${String(markWidth - 1)}v${String(height)}h${String(1 - markWidth)}z`;
    })
    .join('');
}

/** The mark under the pointer, or so near that a hand means it. */
function nearest(marks: readonly Mark[], x: number): Mark | undefined {
  let best: Mark | undefined;
  let distance = markWidth + 3;
  for (const mark of marks) {
    const far = Math.abs(mark.x + (markWidth - 1) / 2 - x);
    if (far >= distance) continue;
    best = mark;
    distance = far;
  }
  return best;
}

function wordsOf({ snapshot, more }: Mark): string {
  return `${snapshot.name ?? `#${String(snapshot.seq)}`}, ${exactTime(snapshot.createdAt)}${more === 0 ? '' : `, and ${count(more)} more`}`;
}

interface Range {
  readonly from: number;
  readonly until: number;
  readonly ticks: readonly number[];
}

/** From the oldest of what is shown to now, at least a day; ticks at midnights, at most eight. */
function rangeOf(snapshots: readonly SnapshotSummary[], now: number): Range {
  const oldest = snapshots.reduce((least, one) => Math.min(least, one.createdAt), now - day);
  const until = Math.max(now, ...[snapshots.reduce((most, one) => Math.max(most, one.createdAt), 0)]);
  const from = oldest - (until - oldest) * 0.01;
  const days = (until - from) / day;
  const step = [1, 2, 7, 14, 30, 61, 91, 182, 365].find((one) => days / one <= 8) ?? 730;
  const ticks: number[] = [];
  const date = new Date(until);
  for (date.setHours(0, 0, 0, 0); date.getTime() >= from; date.setDate(date.getDate() - step)) ticks.unshift(date.getTime());
  return { from, until, ticks };
}

function lanesOf(snapshots: readonly SnapshotSummary[], sources: readonly string[], { from, until }: Range, room: number) {
  const bySource = new Map<string, SnapshotSummary[]>(sources.map((name) => [name, []]));
  for (const one of snapshots) {
    const known = bySource.get(one.source);
    if (known === undefined) bySource.set(one.source, [one]);
    else known.push(one);
  }
  return [...bySource].flatMap(([source, own]) => (own.length === 0 ? [] : [{ source, total: own.length, marks: marksOf(own, from, until, room) }]));
}

/** The best proved one stands for those that share its place; a failed one always shows. */
function marksOf(own: readonly SnapshotSummary[], from: number, until: number, room: number): readonly Mark[] {
  const slots = new Map<number, Mark>();
  for (const snapshot of own) {
    const x = ((snapshot.createdAt - from) / (until - from)) * room;
    const slot = Math.floor(x / markWidth);
    const there = slots.get(slot);
    if (there === undefined) slots.set(slot, { x, snapshot, more: 0 });
    else slots.set(slot, weight(snapshot) > weight(there.snapshot) ? { x, snapshot, more: there.more + 1 } : { ...there, more: there.more + 1 });
  }
  return [...slots.values()];
}

function weight(snapshot: SnapshotSummary): number {
  return snapshot.failing ? 100 : heights[snapshot.proved];
}
