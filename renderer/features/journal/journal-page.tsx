import { useDeferredValue, useMemo, useState } from 'react';
import type { CommandOutput } from '../../../electron/contract/commands.ts';
import type { JournalEntry } from '../../../electron/contract/model.ts';
import { hostError } from '../../api/errors.ts';
import type { HostError } from '../../api/errors.ts';
import { useAnswer, useLink } from '../../api/host.tsx';
import { Button } from '../../ui/button.tsx';
import { useNow } from '../../ui/clock.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { DataTable } from '../../ui/data-table.tsx';
import type { Column } from '../../ui/data-table.tsx';
import { Chip, Search } from '../../ui/fields.tsx';
import { count, counted, day, duration, exactTime } from '../../ui/format.ts';
import { Notice } from '../../ui/marks.tsx';
import { Name } from '../../ui/name.tsx';
import { Empty, Waiting } from '../../ui/states.tsx';
import { useWide } from '../../ui/wide.ts';
import { Failure } from '../shared/failure.tsx';
import { lines } from '../shared/lines.ts';
import { EntrySheet } from './entry-sheet.tsx';
import { aboutOf, byOf, entryWords, found, told, tookOf } from './entries.ts';
import type { Told } from './entries.ts';

const newest = 2000;
const nothing: readonly JournalEntry[] = [];

/** "Who did what, when?" */
export function JournalPage() {
  const now = useNow();
  const wide = useWide();
  const answer = useAnswer('journal.list', { limit: newest }, { keep: true });
  const [text, setText] = useState('');
  const [failed, setFailed] = useState(false);
  const [chosen, setChosen] = useState<string>();
  const [opened, setOpened] = useState<Told>();
  const searched = useDeferredValue(text);
  const list = answer.data?.entries ?? nothing;
  const entries = useMemo(() => told(list), [list]);
  const words = useMemo(() => new Map(entries.map((one) => [one.entry.seq, entryWords(one)])), [entries]);
  const shown = useMemo(() => found(entries, words, { text: searched, failed }), [entries, words, searched, failed]);
  const minute = Math.floor(now / 60_000) * 60_000;
  const columns = useMemo(() => columnsAt(minute, wide), [minute, wide]);
  const total = answer.data?.total ?? 0;
  if (answer.error !== null && answer.data === undefined)
    return (
      <div className="p-6">
        <Failure error={answer.error} retry={() => void answer.refetch()} />
      </div>
    );
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <header className="flex items-end gap-4 px-6 pt-5 pb-3">
        <div className="min-w-0 flex-1">
          <h1 className="text-xl font-bold tracking-[-0.015em]">Journal</h1>
          <p className="min-h-5 text-ink-2">{answer.data === undefined ? '' : leadOf(entries.length, total)}</p>
        </div>
        <CommandLine line={lines.journal()} />
      </header>
      <Chain total={total} />
      <div className="flex shrink-0 flex-wrap items-center gap-1.5 px-6 pb-2">
        <Search label="What, who, source" value={text} onChange={(event) => setText(event.target.value)} className="mr-1 w-[250px]" />
        <Chip on={failed} aria-pressed={failed} onClick={() => setFailed(!failed)}>
          Failed or cancelled
        </Chip>
        {(text !== '' || failed) && <span className="pl-1 text-s text-ink-3">{count(shown.length)} shown</span>}
        <span className="ml-auto hidden text-s text-ink-3 wide:block">↑↓ move · Enter open</span>
      </div>
      {answer.data === undefined ? (
        <Waiting rows={10} height="h-[34px]" what="the journal" />
      ) : (
        <DataTable
          label="Journal"
          columns={columns}
          rows={shown}
          keyOf={({ entry }) => String(entry.seq)}
          chosen={chosen}
          onChoose={setChosen}
          onOpen={setOpened}
          empty={
            <Empty icon="find" title="No entry fits">
              Nothing in the journal has all of these words.
            </Empty>
          }
        />
      )}
      {opened !== undefined && <EntrySheet told={opened} onClose={() => setOpened(undefined)} />}
    </div>
  );
}

function leadOf(shown: number, total: number): string {
  return shown < total
    ? `The newest ${count(shown)} of ${counted(total, 'entry', 'entries')}.`
    : `${counted(total, 'entry', 'entries')}, newest first. Nothing is ever taken out.`;
}

type Verdict = CommandOutput<'journal.verify'>;

/** Whether the record is whole: each entry holds the hash of the one before. */
function Chain({ total }: { readonly total: number }) {
  const link = useLink();
  const [verdict, setVerdict] = useState<Verdict | HostError>();
  const [working, setWorking] = useState(false);
  const verify = async (): Promise<void> => {
    setWorking(true);
    try {
      setVerdict(await link.call('journal.verify', {}));
    } catch (error) {
      setVerdict(hostError(error));
    } finally {
      setWorking(false);
    }
  };
  const button = (
    <Button title={lines.journalVerify()} disabled={working || total === 0} onClick={() => void verify()}>
      {verdict === undefined ? 'Verify the chain' : 'Verify again'}
    </Button>
  );
  return (
    <div className="px-6 pb-3">
      {verdict === undefined && (
        <Notice tone="plain" title="Each entry holds the hash of the one before" action={button}>
          One that was changed or taken out is found by its place.
        </Notice>
      )}
      {verdict instanceof Error && <Failure error={verdict}>{button}</Failure>}
      {verdict !== undefined && !(verdict instanceof Error) && (
        <Notice tone={verdict.sound ? 'plain' : 'bad'} title={verdict.sound ? 'The record is whole' : 'The record is not whole'} action={button}>
          {verdict.statement}
        </Notice>
      )}
    </div>
  );
}

function Took({ ms }: { readonly ms: number | undefined }) {
  return ms === undefined ? null : <span className="text-ink-2">{duration(ms)}</span>;
}

const inks: Readonly<Record<string, string>> = { failed: 'text-bad', cancelled: 'text-warn' };

function columnsAt(now: number, wide: boolean): readonly Column<Told>[] {
  return [
    {
      key: 'at',
      title: 'When',
      track: wide ? '172px' : '158px',
      cell: ({ entry }) => (
        <span className="figures text-ink-2" title={exactTime(entry.at)}>
          {day(entry.at, now, true)}
        </span>
      ),
    },
    { key: 'what', title: 'What', track: wide ? 'minmax(140px, 200px)' : '142px', cell: ({ entry }) => <Name mono text={entry.what} /> },
    { key: 'result', title: 'Result', track: '104px', cell: ({ entry }) => <span className={inks[entry.result] ?? 'text-ink-2'}>{entry.result}</span> },
    { key: 'about', title: 'About', track: 'minmax(160px, 1fr)', cell: (one) => <Name text={aboutOf(one)} /> },
    { key: 'took', title: 'Took', track: '92px', right: true, cell: (one) => <Took ms={tookOf(one)} /> },
    { key: 'by', title: 'By', track: '112px', cell: (one) => <Name text={byOf(one)} className="text-ink-2" /> },
    ...(wide
      ? [{ key: 'seq', title: 'Entry', track: '84px', right: true, cell: ({ entry }: Told) => <span className="text-ink-3">{count(entry.seq)}</span> }]
      : []),
  ];
}
