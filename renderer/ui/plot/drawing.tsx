import { memo } from 'react';
import type { PlotPoint, PlotSeries, PlotTarget } from './points.ts';
import { areaPath, linePath, sampled } from './sample.ts';
import type { Spot } from './sample.ts';
import { placed, timeAxis, timeRange, valueAxis } from './scale.ts';
import type { Axis, Unit } from './scale.ts';

const above = 10;
const right = 12;
/** Room for labels at the usual size of text. */
const labelsBelow = 22;
const labelsLeft = 66;
/** A target so many times above all figures would press them onto the ground: it is told in words then. */
const farAbove = 3;

interface Asked {
  readonly points: readonly PlotPoint[];
  readonly series: readonly PlotSeries[];
  readonly unit: Unit;
  readonly target: PlotTarget | undefined;
  readonly zero: boolean;
  readonly width: number;
  readonly height: number;
  /** How much larger than usual text is. */
  readonly text: number;
}

interface Shape {
  readonly look: PlotSeries['look'];
  readonly ink: PlotSeries['ink'];
  /** What is drawn: few, however many points there are. */
  readonly spots: readonly Spot[];
}

export interface LaidOut {
  /** Where each point lies from the left edge. */
  readonly xs: readonly number[];
  /** Where the figures of each point lie from the top. */
  readonly ys: readonly (readonly number[])[];
  readonly time: Axis;
  readonly value: Axis;
  readonly shapes: readonly Shape[];
  readonly marks: readonly { readonly x: number; readonly y: number; readonly tone: 'look' | 'bad' }[];
  readonly target: { readonly y: number | undefined; readonly title: string } | undefined;
  readonly ground: number;
  readonly left: number;
  readonly text: number;
}

/** Where everything of a plot lies, in pixels. */
export function laidOut({ points, series, unit, target, zero, width, height, text }: Asked): LaidOut {
  const left = labelsLeft * text;
  const room = Math.max(1, width - left - right);
  const ground = height - labelsBelow * text;
  const deep = ground - above;
  const figures = points.flatMap((point) => point.values.filter((one) => one !== undefined));
  const highest = figures.reduce((top, one) => Math.max(top, one), 0);
  const within = target !== undefined && target.value <= highest * farAbove;
  const time = timeAxis(timeRange(points.map((point) => point.at)), Math.max(2, Math.floor(room / (110 * text))));
  const value = valueAxis(within ? [...figures, target.value] : figures, unit, { zero });
  const xs = points.map((point) => left + placed(point.at, time, room));
  const high = (figure: number): number => ground - placed(figure, value, deep);
  const shapes = series.map(({ look, ink }, index) => {
    const all = points.flatMap((point, at) => {
      const figure = point.values[index];
      return figure === undefined ? [] : [{ x: xs[at] ?? 0, y: high(figure), at }];
    });
    return { look, ink, spots: sampled(all, room) };
  });
  return {
    xs,
    ys: points.map((point) => point.values.flatMap((one) => (one === undefined ? [] : [high(one)]))),
    time,
    value,
    shapes,
    marks: marksOf(points, xs, high, ground),
    target: target === undefined ? undefined : { y: within ? high(target.value) : undefined, title: target.title },
    ground,
    left,
    text,
  };
}

/** One a pixel: marks that lie on each other are one. */
function marksOf(points: readonly PlotPoint[], xs: readonly number[], high: (figure: number) => number, ground: number): LaidOut['marks'] {
  const marks = new Map<string, LaidOut['marks'][number]>();
  for (const [at, { mark, values }] of points.entries()) {
    if (mark === undefined) continue;
    const figure = values.find((one) => one !== undefined);
    const [x, y] = [xs[at] ?? 0, figure === undefined ? ground - 6 : high(figure)];
    marks.set(`${String(Math.round(x))} ${mark.tone}`, { x, y, tone: mark.tone });
  }
  return [...marks.values()];
}

/** A plot's axes, shapes and marks; what stands still under a moving cursor is drawn once. */
export function Drawing({
  laid,
  cursor,
  width,
  height,
}: {
  readonly laid: LaidOut;
  readonly cursor: number | undefined;
  readonly width: number;
  readonly height: number;
}) {
  const x = cursor === undefined ? undefined : laid.xs[cursor];
  return (
    <svg width={width} height={height} className="absolute inset-0" aria-hidden="true">
      <Ground laid={laid} width={width} />
      {x !== undefined && (
        <g>
          <line x1={x} x2={x} y1={above - 4} y2={laid.ground} className="stroke-accent" />
          {(laid.ys[cursor ?? 0] ?? []).map((y, at) => (
            <circle key={at} cx={x} cy={y} r="3.5" className="fill-surface stroke-accent" strokeWidth="2" />
          ))}
        </g>
      )}
    </svg>
  );
}

const Ground = memo(function Ground({ laid, width }: { readonly laid: LaidOut; readonly width: number }) {
  const { time, value, shapes, marks, target, ground, left, text } = laid;
  const end = width - right;
  return (
    <>
      {value.ticks.map((tick) => {
        const y = ground - placed(tick, value, ground - above);
        return (
          <g key={tick}>
            <line x1={left} x2={end} y1={y} y2={y} className={tick === value.from ? 'stroke-line-strong' : 'stroke-line'} />
            <text x={left - 8} y={y + 4 * text} textAnchor="end" className="figures fill-ink-3 text-xs">
              {value.label(tick)}
            </text>
          </g>
        );
      })}
      {time.ticks.map((tick) => {
        const x = left + placed(tick, time, end - left);
        return (
          <g key={tick}>
            <line x1={x} x2={x} y1={ground} y2={ground + 4} className="stroke-line-strong" />
            <text x={Math.min(x, end - 16)} y={ground + 5 + 12 * text} textAnchor="middle" className="fill-ink-3 text-xs">
              {time.label(tick)}
            </text>
          </g>
        );
      })}
      {shapes.map((shape, at) => (
        <ShapeOf key={at} shape={shape} ground={ground} room={end - left} />
      ))}
      {target !== undefined && (
        <g>
          {target.y !== undefined && <line x1={left} x2={end} y1={target.y} y2={target.y} className="stroke-ink-3" strokeDasharray="5 4" />}
          <text x={end} y={targetLabel(target.y)} textAnchor="end" className="fill-ink-2 text-xs">
            {target.y === undefined ? `${target.title}: far above this` : target.title}
          </text>
        </g>
      )}
      {marks.map(({ x, y, tone }) =>
        tone === 'bad' ? (
          <path key={`${String(x)} bad`} d={`M${String(x - 4)} ${String(y - 4)}l8 8m0 -8l-8 8`} className="stroke-bad" strokeWidth="2" strokeLinecap="round" />
        ) : (
          <circle key={`${String(x)} look`} cx={x} cy={y} r="5" className="fill-transparent stroke-warn" strokeWidth="2" />
        ),
      )}
    </>
  );
});

/** Above its line, below it where there is no room; at the top where the line lies out of sight. */
function targetLabel(y: number | undefined): number {
  if (y === undefined) return above + 4;
  return y < above + 10 ? y + 14 : y - 5;
}

function ShapeOf({ shape: { look, ink, spots }, ground, room }: { readonly shape: Shape; readonly ground: number; readonly room: number }) {
  if (look === 'bars') {
    const wide = Math.max(1, Math.min(18, room / Math.max(1, spots.length) - 2));
    return (
      <path
        d={spots.map(({ x, y }) => `M${x.toFixed(1)} ${String(ground)}V${Math.min(y, ground - 1).toFixed(1)}`).join('')}
        className={ink === 'strong' ? 'stroke-step' : 'stroke-line-strong'}
        strokeWidth={wide}
      />
    );
  }
  const stepped = look !== 'line';
  return (
    <>
      {look === 'area' && <path d={areaPath(spots, stepped, ground)} className={ink === 'strong' ? 'fill-step' : 'fill-line'} />}
      <path
        d={linePath(spots, stepped)}
        fill="none"
        className={ink === 'strong' ? 'stroke-step' : 'stroke-ink-3'}
        strokeWidth={look === 'area' ? 1 : 1.6}
        strokeLinejoin="round"
      />
      {look !== 'area' && spots.length * 14 < room && spots.map(({ x, y, at }) => <circle key={at} cx={x} cy={y} r="2.5" className="fill-step" />)}
    </>
  );
}
