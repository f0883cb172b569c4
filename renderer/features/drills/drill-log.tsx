import { useDeferredValue, useMemo, useState } from 'react';
import { escapeText } from '../../../electron/contract/escape.ts';
import type { Drill } from '../../../electron/contract/drills.ts';
import { inShell } from '../../api/shell.ts';
import { Button } from '../../ui/button.tsx';
import { useNow } from '../../ui/clock.tsx';
import { DataTable } from '../../ui/data-table.tsx';
import type { Column } from '../../ui/data-table.tsx';
import { Chip, Search } from '../../ui/fields.tsx';
import { count, day, duration, exactTime } from '../../ui/format.ts';
import { Icon } from '../../ui/icons.tsx';
import { Menu } from '../../ui/menu.tsx';
import { Name } from '../../ui/name.tsx';
import { Empty } from '../../ui/states.tsx';
import { tell } from '../../ui/toast.tsx';
import { useWide } from '../../ui/wide.ts';
import { lines } from '../shared/lines.ts';
import { useWork } from '../shared/work.ts';
import { drillWords } from './records.ts';
import type { Month } from './records.ts';
import { Result } from './result.tsx';
import { useSaveReport } from './save.ts';
import type { SavedAs } from './save.ts';

export interface LogFilter {
  readonly text: string;
  readonly source: string | undefined;
  readonly month: Month | undefined;
}

interface LogProps {
  readonly drills: readonly Drill[];
  readonly filter: LogFilter;
  readonly onFilter: (filter: LogFilter) => void;
  readonly onOpen: (drill: Drill) => void;
}

/** Every drill, newest first; and the whole log as a file. */
export function DrillLog({ drills, filter, onFilter, onOpen }: LogProps) {
  const now = useNow();
  const wide = useWide();
  const [chosen, setChosen] = useState<string>();
  const text = useDeferredValue(filter.text);
  const words = useMemo(() => new Map(drills.map((one) => [one.id, drillWords(one)])), [drills]);
  const { source, month } = filter;
  const shown = useMemo(() => {
    const asked = text.toLowerCase().split(/\s+/).filter(Boolean);
    return drills.filter(
      (one) =>
        (source === undefined || one.source === source) &&
        (month === undefined || (one.at >= month.from && one.at < month.until)) &&
        asked.every((word) => words.get(one.id)?.includes(word) === true),
    );
  }, [drills, words, text, source, month]);
  const minute = Math.floor(now / 60_000) * 60_000;
  const columns = useMemo(() => columnsAt(minute, wide), [minute, wide]);
  const narrowed = filter.text !== '' || source !== undefined || month !== undefined;
  return (
    <>
      <div className="flex shrink-0 flex-wrap items-center gap-1.5 px-6 py-2">
        <Search
          label="Source, result, who, remark"
          value={filter.text}
          onChange={(event) => onFilter({ ...filter, text: event.target.value })}
          className="mr-1 w-[250px]"
        />
        {source !== undefined && (
          <Chip on onClick={() => onFilter({ ...filter, source: undefined })} aria-label={`Any source, not ${source} alone`}>
            <Name text={source} />
            <Icon name="close" size={12} />
          </Chip>
        )}
        {month !== undefined && (
          <Chip on onClick={() => onFilter({ ...filter, month: undefined })} aria-label={`Any time, not ${month.long} alone`}>
            {month.long}
            <Icon name="close" size={12} />
          </Chip>
        )}
        {narrowed && <span className="pl-1 text-s text-ink-3">{count(shown.length)} shown</span>}
        <span className="ml-auto">
          <ExportLog />
        </span>
      </div>
      <DataTable
        label="Drills"
        columns={columns}
        rows={shown}
        keyOf={(one) => one.id}
        chosen={chosen}
        onChoose={setChosen}
        onOpen={onOpen}
        acts={(one) => (
          <Button small title={lines.drillShow(one.id)} onClick={() => onOpen(one)}>
            Open
          </Button>
        )}
        empty={
          <Empty icon="find" title="No drill fits">
            Nothing has all of these words and filters.
          </Empty>
        }
      />
    </>
  );
}

/** The whole log with every record, as a file of its own. */
function ExportLog() {
  const work = useWork();
  const report = useSaveReport();
  const save = async (as: SavedAs): Promise<void> => {
    const kept = await report('drills', as, undefined, async () => {
      const log = await work('drill.log', {});
      if (log === undefined) return undefined;
      return as === 'md' ? log.markdown : `${JSON.stringify(log.drills, null, 2)}\n`;
    });
    if (kept && inShell) tell({ title: 'The log was saved', text: 'Every drill with its record.' });
  };
  return (
    <Menu
      label="Save the log"
      trigger={
        <Button title={lines.drillList('drills.md')}>
          Save the log
          <Icon name="down" size={12} />
        </Button>
      }
      acts={[
        { key: 'md', title: 'As Markdown', hint: 'to be filed', act: () => void save('md') },
        { key: 'json', title: 'As JSON', hint: 'for a program', act: () => void save('json') },
      ]}
    />
  );
}

/** Cut at its end: without its middle "4,055 rows" would read as "55 rows". */
function Statement({ text }: { readonly text: string }) {
  const shown = escapeText(text);
  return (
    <span className="block truncate text-ink-2" title={shown}>
      {shown}
    </span>
  );
}

function columnsAt(now: number, wide: boolean): readonly Column<Drill>[] {
  return [
    {
      key: 'at',
      title: 'Made',
      track: wide ? '150px' : '142px',
      cell: (one) => (
        <span className="figures text-ink-2" title={exactTime(one.at)}>
          {day(one.at, now)}
        </span>
      ),
    },
    { key: 'source', title: 'Source', track: wide ? 'minmax(110px, 160px)' : '116px', cell: (one) => <Name text={one.source} /> },
    { key: 'result', title: 'Result', track: '118px', cell: (one) => <Result of={one.result} /> },
    { key: 'statement', title: 'What was seen', track: 'minmax(120px, 1fr)', cell: (one) => <Statement text={one.statement} /> },
    { key: 'took', title: 'Took', track: '92px', right: true, cell: (one) => (one.recoveryMs === undefined ? '' : duration(one.recoveryMs)) },
    ...(wide ? [{ key: 'by', title: 'By', track: '110px', cell: (one: Drill) => <Name text={one.by} className="text-ink-2" /> }] : []),
    ...(wide
      ? [
          {
            key: 'blockers',
            title: 'Blockers',
            track: '84px',
            right: true,
            cell: (one: Drill) => (one.blockers.length === 0 ? '' : <span className="text-warn">{count(one.blockers.length)}</span>),
          },
        ]
      : []),
  ];
}
