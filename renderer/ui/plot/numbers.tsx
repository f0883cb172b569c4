import { memo, useState } from 'react';
import { Button } from '../button.tsx';
import { classes } from '../classes.ts';
import { count, exactTime } from '../format.ts';
import { Name } from '../name.tsx';
import { figureOf } from './points.ts';
import type { PlotPoint, PlotSeries } from './points.ts';
import type { Unit } from './scale.ts';

/** Rows that are made at a time: the newest, then older ones on demand. */
const many = 100;
const head = 'sticky top-0 bg-surface px-2 py-1 text-left font-medium whitespace-nowrap text-ink-3';
const body = 'border-t border-line px-2 py-1 whitespace-nowrap';

/** The figures of a plot, newest first: for readers always, for the eye where it is `shown`. A cursor that moves changes nothing in it. */
export const Numbers = memo(function Numbers({ id, title, points, series, unit, shown, each }: NumbersProps) {
  const [rows, setRows] = useState(many);
  const newest = points.slice(-rows).toReversed();
  const named = newest.some((one) => one.name !== undefined);
  const marked = newest.some((one) => one.mark !== undefined);
  return (
    <div
      id={id}
      className={classes(shown ? 'mt-2 max-h-64 overflow-auto rounded-m border border-line outline-offset-[-2px]' : 'sr-only')}
      {...(shown ? { tabIndex: 0, role: 'group', 'aria-label': `Numbers of ${title}` } : {})}
    >
      <table className="w-full border-collapse text-s">
        <caption className="sr-only">
          {title}
          {newest.length < points.length && `, the newest ${count(newest.length)} of ${count(points.length)}`}
        </caption>
        <thead>
          <tr>
            <th scope="col" className={head}>
              {each}
            </th>
            {named && (
              <th scope="col" className={head}>
                Name
              </th>
            )}
            {series.map((one) => (
              <th key={one.title} scope="col" className={`${head} text-right`}>
                {one.title}
              </th>
            ))}
            {marked && (
              <th scope="col" className={head}>
                To know
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {newest.map((point, at) => (
            <tr key={points.length - at}>
              <th scope="row" className={`${body} text-left font-normal text-ink-2`}>
                <time dateTime={new Date(point.at).toISOString()}>{exactTime(point.at)}</time>
              </th>
              {named && (
                <td className={`${body} max-w-60`}>
                  <Name text={point.name ?? ''} />
                </td>
              )}
              {series.map((one, index) => {
                const value = point.values[index];
                return (
                  <td key={one.title} className={`${body} figures text-right`}>
                    {value === undefined ? '–' : figureOf(value, unit)}
                  </td>
                );
              })}
              {marked && <td className={`${body} ${point.mark?.tone === 'bad' ? 'text-bad' : 'text-warn'}`}>{point.mark?.words}</td>}
            </tr>
          ))}
        </tbody>
      </table>
      {newest.length < points.length && (
        <div className="sticky left-0 p-2">
          <Button small tabIndex={shown ? 0 : -1} onClick={() => setRows(rows + many)}>
            {count(Math.min(many, points.length - newest.length))} older
          </Button>
        </div>
      )}
    </div>
  );
});

interface NumbersProps {
  readonly id: string;
  readonly title: string;
  readonly points: readonly PlotPoint[];
  readonly series: readonly PlotSeries[];
  readonly unit: Unit;
  readonly shown: boolean;
  readonly each: string;
}
