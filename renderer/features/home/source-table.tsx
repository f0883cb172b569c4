import { Link, useLocation } from 'wouter';
import { Button, IconButton } from '../../ui/button.tsx';
import { useNow } from '../../ui/clock.tsx';
import { age, count, duration, exactTime, size } from '../../ui/format.ts';
import { Icon } from '../../ui/icons.tsx';
import { Engine, Environment } from '../../ui/marks.tsx';
import { Menu } from '../../ui/menu.tsx';
import { Name } from '../../ui/name.tsx';
import { Proof } from '../../ui/proof.tsx';
import { Sparkline } from '../../ui/sparkline.tsx';
import { useActs } from '../shared/acts.ts';
import { lines } from '../shared/lines.ts';
import { WriteButton, useReadOnly } from '../shared/writing.tsx';
import type { Overview, Standing } from './standing.ts';

interface Row {
  readonly one: Overview;
  readonly standing: Standing;
}

const inks = ['text-bad', 'text-warn', 'text-ink-2', 'text-ink-2'] as const;
const cell = 'h-14 border-b border-line px-2.5 whitespace-nowrap group-last/row:border-b-0';
const head = 'border-b border-line px-2.5 py-[7px] text-left text-s font-medium whitespace-nowrap text-ink-3';

/** One row a source, worst first: what there is against what is asked, what is wrong in words, and the button that mends it. */
export function SourceTable({ rows }: { readonly rows: readonly Row[] }) {
  return (
    <table className="w-full table-fixed border-collapse">
      <caption className="sr-only">Sources, worst first</caption>
      <thead>
        <tr>
          <th scope="col" className={head}>
            Source
          </th>
          <th scope="col" className={`${head} w-[122px]`}>
            Newest snapshot
          </th>
          <th scope="col" className={`${head} w-[104px] wide:w-[112px]`}>
            Age
          </th>
          <th scope="col" className={`${head} w-[132px] max-wide:hidden`}>
            Last restore
          </th>
          <th scope="col" className={`${head} w-[100px] max-wide:hidden`}>
            Size
          </th>
          <th scope="col" className={`${head} w-[166px] wide:w-[176px] min-[1400px]:w-[220px]`}>
            Standing
          </th>
          <th scope="col" className={`${head} w-[136px] wide:w-[150px]`}>
            <span className="sr-only">What to do</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <SourceRow key={row.one.source.name} {...row} />
        ))}
      </tbody>
    </table>
  );
}

function SourceRow({ one, standing }: Row) {
  const now = useNow();
  const { source, place, newest, newestComplete, targets, drill, trend } = one;
  const counted = newestComplete ?? newest;
  const bytes = trend.map((point) => point.bytes);
  return (
    <tr className="group/row hover:bg-hover">
      <td className={cell}>
        <div className="flex min-w-0 items-center gap-2.5">
          <Engine kind={source.engine} />
          <div className="min-w-0">
            <div className="flex min-w-0 items-center gap-2">
              <Link href={`/shelf?source=${encodeURIComponent(source.name)}`} className="min-w-0 font-strong hover:underline">
                <Name text={source.name} />
              </Link>
              <Environment of={source.environment} />
            </div>
            <div className="flex min-w-0 gap-1 text-s text-ink-3">
              <Name text={place} className="overflow-hidden" />
              {newest !== undefined && <span className="shrink-0">· {size(newest.bytes)}</span>}
            </div>
          </div>
        </div>
      </td>
      <td className={cell}>
        {newest === undefined ? (
          <span className="text-ink-3">none yet</span>
        ) : (
          <Link href={`/snapshot/${newest.id}`} className="hover:underline">
            <Proof level={newest.proved} failing={newest.failing} />
          </Link>
        )}
      </td>
      <td className={cell}>
        {counted === undefined ? (
          <span className="text-ink-3">–</span>
        ) : (
          <time
            dateTime={new Date(counted.createdAt).toISOString()}
            title={exactTime(counted.createdAt)}
            className={targets.rpoMs !== null && now - counted.createdAt > targets.rpoMs ? 'font-strong text-bad' : ''}
          >
            {age(now - counted.createdAt)}
          </time>
        )}
        {targets.rpoMs !== null && counted !== undefined && <span className="text-ink-3"> of {duration(targets.rpoMs)}</span>}
      </td>
      <td className={`${cell} max-wide:hidden`}>
        {drill?.recoveryMs === undefined ? (
          <span className="text-ink-3">not drilled yet</span>
        ) : (
          <span title={exactTime(drill.at)}>{duration(drill.recoveryMs)}</span>
        )}
        {targets.rtoMs !== null && drill?.recoveryMs !== undefined && <span className="text-ink-3"> of {duration(targets.rtoMs)}</span>}
      </td>
      <td className={`${cell} max-wide:hidden`}>
        <Sparkline values={bytes} label={trendWords(trend)} />
      </td>
      <td className={`${cell} ${inks[standing.rank]}`}>
        <span className="block truncate" title={standing.statement}>
          {standing.statement}
        </span>
      </td>
      <td className={cell}>
        <div className="flex items-center justify-end gap-1">
          <ActOf one={one} standing={standing} small />
          <More one={one} standing={standing} />
        </div>
      </td>
    </tr>
  );
}

function trendWords(trend: Overview['trend']): string {
  const [first, last] = [trend[0], trend.at(-1)];
  if (first === undefined || last === undefined) return 'No snapshot';
  return `Size over ${count(trend.length)} snapshots: from ${size(first.bytes)} to ${size(last.bytes)}`;
}

/** The button that mends what is wrong, or goes on where nothing is. */
export function ActOf({ one, standing, small = false }: Row & { readonly small?: boolean }) {
  const acts = useActs();
  const { source, newest, newestProved } = one;
  if (standing.act === 'rewind' && newest !== undefined)
    return (
      <Button small={small} title={lines.rewind(source.name, newest)} onClick={() => acts.rewind(source, newestProved ?? newest)}>
        Rewind…
      </Button>
    );
  if (standing.act === 'prove' && newest !== undefined)
    return (
      <Button small={small} title={lines.verify(newest)} onClick={() => acts.prove(newest)}>
        Prove it
      </Button>
    );
  return (
    <WriteButton
      small={small}
      kind={standing.rank === 0 ? 'danger' : 'plain'}
      title={lines.snap({ source: source.name })}
      onClick={() => acts.snap(source.name)}
    >
      {standing.act === 'snap-again' ? 'Snapshot again' : 'Snapshot'}
    </WriteButton>
  );
}

function More({ one, standing }: Row) {
  const acts = useActs();
  const [, go] = useLocation();
  const readOnly = useReadOnly() !== undefined;
  const { source, newest, demo } = one;
  return (
    <Menu
      label={`More for ${source.name}`}
      trigger={
        <IconButton label={`More for ${source.name}`}>
          <Icon name="more" />
        </IconButton>
      }
      acts={[
        { key: 'snap', title: 'Snapshot', disabled: readOnly, act: () => acts.snap(source.name) },
        { key: 'snap-with', title: 'Snapshot with a name…', disabled: readOnly, act: () => acts.snapWith(source.name) },
        ...(newest === undefined
          ? []
          : [
              ...(standing.act === 'rewind' ? [] : [{ key: 'rewind', title: 'Rewind…', act: () => acts.rewind(source, newest) }]),
              { key: 'drill', title: 'Drill…', disabled: readOnly, act: () => go(`/drills?run=${encodeURIComponent(source.name)}`) },
              ...(standing.act === 'prove' ? [] : [{ key: 'prove', title: 'Prove the newest', act: () => acts.prove(newest) }]),
            ]),
        'line',
        { key: 'configure', title: 'Environment and targets…', act: () => acts.configure(source.name) },
        ...(demo ? ([{ key: 'damage', title: 'Run a bad migration on it', danger: true, act: () => acts.damageDemo() }] as const) : []),
      ]}
    />
  );
}
