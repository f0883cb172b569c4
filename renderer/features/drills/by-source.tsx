import { Link } from 'wouter';
import type { Drill } from '../../../electron/contract/drills.ts';
import { useNow } from '../../ui/clock.tsx';
import { duration } from '../../ui/format.ts';
import { Engine, Environment } from '../../ui/marks.tsx';
import { Name } from '../../ui/name.tsx';
import { useWide } from '../../ui/wide.ts';
import { When } from '../../ui/when.tsx';
import { lines } from '../shared/lines.ts';
import { isSlow, lastMonths, monthOf, newestMeasured, resultWords } from './records.ts';
import type { Month, Overview } from './records.ts';
import { Result, ResultSign } from './result.tsx';
import { WriteButton } from '../shared/writing.tsx';

const head = 'border-b border-line px-2 py-[7px] text-left text-s font-medium whitespace-nowrap text-ink-3';
const body = 'h-14 border-b border-line px-2 whitespace-nowrap group-last/row:border-b-0';

interface BySourceProps {
  readonly sources: readonly Overview[];
  readonly drills: ReadonlyMap<string, readonly Drill[]>;
  readonly onRun: (source: string) => void;
  readonly onMonth: (source: string, month: Month) => void;
}

/** For each source its newest drill, the measured restore against its target, and a calendar of the months: what each month showed. */
export function BySource({ sources, drills, onRun, onMonth }: BySourceProps) {
  const wide = useWide();
  const months = lastMonths(useNow(), wide ? 12 : 6);
  return (
    <div className="overflow-hidden rounded-l border border-line">
      <table className="w-full table-fixed border-collapse">
        <caption className="sr-only">Sources and what each month showed</caption>
        <thead>
          <tr>
            <th scope="col" className={`${head} pl-3.5`}>
              Source
            </th>
            <th scope="col" className={`${head} w-[112px]`}>
              Newest drill
            </th>
            <th scope="col" className={`${head} w-[112px] wide:w-[128px]`}>
              Restore took
            </th>
            {months.map((month) => (
              <th key={month.from} scope="col" className={`${head} w-8 px-0 text-center`}>
                <abbr title={month.long} className="no-underline">
                  {month.short}
                </abbr>
              </th>
            ))}
            <th scope="col" className={`${head} w-[84px]`}>
              <span className="sr-only">What to do</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {sources.map((one) => (
            <Row key={one.source.name} one={one} drills={drills.get(one.source.name) ?? []} months={months} onRun={onRun} onMonth={onMonth} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps extends Pick<BySourceProps, 'onRun' | 'onMonth'> {
  readonly one: Overview;
  readonly drills: readonly Drill[];
  readonly months: readonly Month[];
}

function Row({ one, drills, months, onRun, onMonth }: RowProps) {
  const { source, targets, newest } = one;
  const last = drills[0];
  const measured = newestMeasured(drills);
  return (
    <tr className="group/row hover:bg-hover">
      <th scope="row" className={`${body} pl-3.5 text-left font-normal`}>
        <div className="flex min-w-0 items-center gap-2.5">
          <Engine kind={source.engine} />
          <Name text={source.name} className="font-strong" />
          <Environment of={source.environment} />
        </div>
      </th>
      <td className={body}>
        {last === undefined ? (
          <span className="text-ink-3">none yet</span>
        ) : (
          <Link href={`/drills/${last.id}`} className="block hover:underline">
            <Result of={last.result} />
            <span className="block text-s text-ink-3">
              <When at={last.at} />
            </span>
          </Link>
        )}
      </td>
      <td className={body}>
        {measured?.recoveryMs === undefined ? (
          <span className="text-ink-3">not measured</span>
        ) : (
          <span className={isSlow(one, measured) ? 'font-strong text-warn' : ''}>{duration(measured.recoveryMs)}</span>
        )}
        {targets.rtoMs !== null && <span className="block text-s text-ink-3">of {duration(targets.rtoMs)}</span>}
      </td>
      {months.map((month) => {
        const found = monthOf(drills, month);
        return (
          <td key={month.from} className={`${body} px-0 text-center`}>
            {found === undefined ? (
              <span className="text-ink-3" title={`${month.long}: no drill`}>
                <span aria-hidden="true">·</span>
                <span className="sr-only">no drill</span>
              </span>
            ) : (
              <button
                type="button"
                title={found.words}
                aria-label={found.words}
                onClick={() => onMonth(source.name, month)}
                className={`inline-grid size-7 place-items-center rounded-s hover:ring-1 hover:ring-line-strong ${grounds[found.result]}`}
              >
                <ResultSign of={found.result} />
              </button>
            )}
          </td>
        );
      })}
      <td className={`${body} pr-3.5 text-right`}>
        <WriteButton
          small
          disabled={newest === undefined}
          title={newest === undefined ? 'It has no snapshot yet' : lines.drill({ source: source.name })}
          onClick={() => onRun(source.name)}
          aria-label={`Drill ${source.name}`}
        >
          Drill…
        </WriteButton>
      </td>
    </tr>
  );
}

const grounds: Readonly<Record<Drill['result'], string>> = {
  proved: 'bg-ok-soft',
  failed: 'bg-bad-soft',
  inconclusive: 'bg-warn-soft',
  'not-run': 'bg-sunken',
};

/** What the signs of the calendar mean. */
export function Legend() {
  return (
    <p className="flex flex-wrap gap-x-4 gap-y-1 text-s text-ink-2">
      {(['proved', 'failed', 'inconclusive', 'not-run'] as const).map((one) => (
        <span key={one} className="inline-flex items-center gap-1.5">
          <ResultSign of={one} size={13} />
          {resultWords[one]}
        </span>
      ))}
      <span className="text-ink-3">The newest drill of a month stands for it.</span>
    </p>
  );
}
