import { useId, useMemo, useState } from 'react';
import type { ReactNode } from 'react';
import { classes } from '../classes.ts';
import { exactTime } from '../format.ts';
import { textScale, useWidth } from '../width.ts';
import { Drawing, laidOut } from './drawing.tsx';
import { Numbers } from './numbers.tsx';
import { figureOf } from './points.ts';
import type { PlotPoint, PlotSeries, PlotTarget } from './points.ts';
import { nearest } from './sample.ts';
import type { Unit } from './scale.ts';

export interface PlotProps {
  readonly title: string;
  readonly unit: Unit;
  readonly series: readonly PlotSeries[];
  /** In order of time; any number. */
  readonly points: readonly PlotPoint[];
  readonly target?: PlotTarget | undefined;
  /** False: figures that lie close together may be shown without 0, so that their change can be seen. */
  readonly zero?: boolean;
  readonly height?: number;
  /** Shown where there is no point. */
  readonly empty: ReactNode;
  readonly onOpen?: ((point: PlotPoint) => void) | undefined;
  /** What each figure is of, as in `Each snapshot`: the title of the table's first column. */
  readonly each?: string;
}

/**
 * Figures over time. The pointer or, with the focus, the arrow keys move a cursor that tells the figures of one point; Page, Home and End
 * take larger steps, Enter opens. Every figure stands in a table, which readers always have and everybody else on demand.
 */
export function Plot({ title, unit, series, points, target, zero = true, height: usual = 168, empty, onOpen, each }: PlotProps) {
  const id = useId();
  const [box, width] = useWidth<HTMLDivElement>();
  const text = textScale();
  const height = usual + 40 * (text - 1);
  const [at, setAt] = useState<number>();
  const [shown, setShown] = useState(false);
  const laid = useMemo(() => laidOut({ points, series, unit, target, zero, width, height, text }), [points, series, unit, target, zero, width, height, text]);
  const last = points.length - 1;
  const cursor = at === undefined ? undefined : Math.min(at, last);
  const told = points[cursor ?? last];

  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const here = cursor ?? last;
    const page = Math.max(2, Math.round(points.length / 10));
    const moves: Readonly<Record<string, number>> = {
      ArrowRight: here + 1,
      ArrowUp: here + 1,
      ArrowLeft: here - 1,
      ArrowDown: here - 1,
      PageUp: here - page,
      PageDown: here + page,
      Home: 0,
      End: last,
    };
    const to = moves[event.key];
    const opened = event.key === 'Enter' ? points[here] : undefined;
    if (to !== undefined) setAt(Math.max(0, Math.min(last, to)));
    else if (opened !== undefined && onOpen !== undefined) onOpen(opened);
    else return;
    event.preventDefault();
  };
  const onPointerMove = (event: React.PointerEvent<HTMLElement>): void => {
    const found = nearest(laid.xs, event.clientX - event.currentTarget.getBoundingClientRect().left);
    if (found >= 0) setAt(found);
  };

  return (
    <figure aria-labelledby={`${id}-title`} className="min-w-0">
      <figcaption className="flex min-h-6 flex-wrap items-center gap-x-3 gap-y-0.5">
        <h3 id={`${id}-title`} className="font-semibold">
          {title}
        </h3>
        {series.length > 1 && <Legend series={series} />}
        {points.length > 0 && (
          <button
            type="button"
            aria-expanded={shown}
            aria-controls={`${id}-numbers`}
            aria-label={`Numbers: ${title}`}
            onClick={() => setShown(!shown)}
            className="ml-auto h-6 rounded-m px-2 text-s font-medium text-accent-text select-none hover:bg-hover"
          >
            Numbers
          </button>
        )}
      </figcaption>
      <p className="min-h-[17px] truncate text-s text-ink-2" aria-hidden="true">
        {told === undefined ? '' : toldOf(told, series, unit)}
      </p>
      <div ref={box} className="relative" style={{ height }}>
        {points.length === 0 && <div className="grid h-full place-items-center rounded-m bg-bg px-6 text-center text-ink-2">{empty}</div>}
        {points.length > 0 && width > 0 && <Drawing laid={laid} cursor={cursor} width={width} height={height} />}
        {points.length > 0 && (
          <div
            role="slider"
            tabIndex={0}
            aria-roledescription="plot"
            aria-labelledby={`${id}-title`}
            aria-valuemin={1}
            aria-valuemax={points.length}
            aria-valuenow={(cursor ?? last) + 1}
            aria-valuetext={told === undefined ? '' : toldOf(told, series, unit)}
            className={classes('absolute inset-0 rounded-s', onOpen !== undefined && cursor !== undefined && 'cursor-pointer')}
            onKeyDown={onKeyDown}
            onFocus={() => setAt((known) => known ?? last)}
            onBlur={() => setAt(undefined)}
            onPointerMove={onPointerMove}
            onPointerLeave={(event) => setAt(document.activeElement === event.currentTarget ? last : undefined)}
            onClick={() => {
              if (told !== undefined && cursor !== undefined) onOpen?.(told);
            }}
          />
        )}
      </div>
      {points.length > 0 && <Numbers id={`${id}-numbers`} title={title} points={points} series={series} unit={unit} shown={shown} each={each ?? 'When'} />}
    </figure>
  );
}

/** One point in words: when, its figures, and what is to be looked at. */
function toldOf({ at, values, name, mark }: PlotPoint, series: readonly PlotSeries[], unit: Unit): string {
  const figures = series.flatMap((one, index) => {
    const value = values[index];
    if (value === undefined) return [];
    return [series.length === 1 ? figureOf(value, unit) : `${one.title} ${figureOf(value, unit)}`];
  });
  return [exactTime(at), ...(name === undefined ? [] : [name]), ...figures, ...(mark === undefined ? [] : [mark.words])].join(' · ');
}

function Legend({ series }: { readonly series: readonly PlotSeries[] }) {
  return (
    <span className="flex gap-3 text-s text-ink-2" aria-hidden="true">
      {series.map((one) => (
        <span key={one.title} className="inline-flex items-center gap-1.5">
          <span className={classes('h-2 w-3 rounded-[2px] border border-step', one.ink === 'strong' ? 'bg-step' : 'bg-line')} />
          {one.title}
        </span>
      ))}
    </span>
  );
}
