import { useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { SnapshotSummary } from '../../../electron/contract/model.ts';
import { count, exactTime, shortDate } from '../../ui/format.ts';
import { Name } from '../../ui/name.tsx';

const laneHeight = 22;
const labelWidth = 128;
const markWidth = 5;
const day = 86_400_000;

interface Mark {
  readonly x: number;
  readonly snapshot: SnapshotSummary;
  readonly more: number;
}

/** When each source was snapshotted: a lane a source. Snapshots that would lie on each other are one mark. */
export function Timeline({ snapshots, sources, now, chosen, onChoose }: TimelineProps) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const measure = (): void => setWidth(element.clientWidth);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const room = Math.max(0, width - labelWidth - 10);
  const range = useMemo(() => rangeOf(snapshots, now), [snapshots, now]);
  const lanes = useMemo(() => lanesOf(snapshots, sources, range, room), [snapshots, sources, range, room]);
  const x = (at: number): number => ((at - range.from) / (range.until - range.from)) * room;
  return (
    <div className="px-6">
      <div ref={box} className="relative">
        <div className="relative h-[22px] text-s text-ink-3" style={{ marginLeft: labelWidth }} aria-hidden="true">
          {range.ticks.map((tick) => (
            <span key={tick} className="absolute whitespace-nowrap" style={{ left: x(tick) }}>
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
              <svg width={room + 8} height={laneHeight} role="img" aria-label={`${source}: ${count(total)} snapshots`} className="overflow-visible">
                <line x1="0" x2={room} y1={laneHeight / 2} y2={laneHeight / 2} className="stroke-line" />
                {marks.map((mark) => (
                  <Stroke key={mark.snapshot.id} mark={mark} chosen={mark.snapshot.id === chosen} onChoose={onChoose} />
                ))}
              </svg>
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}

interface TimelineProps {
  readonly snapshots: readonly SnapshotSummary[];
  readonly sources: readonly string[];
  readonly now: number;
  readonly chosen: string | undefined;
  readonly onChoose: (id: string) => void;
}

/** As high as its proof: the height says what the colour says. */
const heights = { captured: 5, intact: 7, complete: 10, proved: 14 } as const;

function Stroke({ mark, chosen, onChoose }: { readonly mark: Mark; readonly chosen: boolean; readonly onChoose: (id: string) => void }) {
  const { snapshot, x, more } = mark;
  const height = snapshot.failing ? 14 : heights[snapshot.proved];
  const ink = snapshot.failing ? 'fill-bad' : snapshot.proved === 'proved' ? 'fill-ok' : 'fill-step';
  const words = `${snapshot.name ?? `#${String(snapshot.seq)}`}, ${exactTime(snapshot.createdAt)}${more === 0 ? '' : `, and ${count(more)} more`}`;
  return (
    <g onClick={() => onChoose(snapshot.id)}>
      <rect x={x - 3} width={markWidth + 6} y={0} height={laneHeight} className="fill-transparent" />
      <rect x={x} width={markWidth - 1} y={(laneHeight - height) / 2} height={height} rx="1.5" className={ink} />
      {chosen && <rect x={x - 2.5} width={markWidth + 4} y="1.5" height={laneHeight - 3} rx="3" className="fill-transparent stroke-accent" strokeWidth="1.5" />}
      <title>{words}</title>
    </g>
  );
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
