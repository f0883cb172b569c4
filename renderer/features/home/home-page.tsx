import { useState } from 'react';
import { useAnswer } from '../../api/host.tsx';
import { Button } from '../../ui/button.tsx';
import { useNow } from '../../ui/clock.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { counted, inWords } from '../../ui/format.ts';
import { Notice } from '../../ui/marks.tsx';
import { Name } from '../../ui/name.tsx';
import { Waiting } from '../../ui/states.tsx';
import { Failure } from '../shared/failure.tsx';
import { lines } from '../shared/lines.ts';
import { DemoNext } from './demo-next.tsx';
import { FirstStart } from './first-start.tsx';
import { FoundList, useDiscovery } from '../shared/found-list.tsx';
import { HeldList } from './held-list.tsx';
import { ActOf, SourceTable } from './source-table.tsx';
import { worstFirst } from './standing.ts';
import type { Overview, Standing } from './standing.ts';
import { UndoList } from './undo-list.tsx';
import { UnprotectedLine } from './unprotected-line.tsx';

/** "Am I safe right now?" */
export function HomePage() {
  const now = useNow();
  const overview = useAnswer('sources.overview', {});
  const sources = overview.data?.sources;
  const userFolder = overview.data?.userFolder;
  const discovery = useDiscovery(userFolder);
  const [shown, setShown] = useState(false);
  if (overview.error !== null && sources === undefined)
    return (
      <div className="p-6">
        <Failure error={overview.error} retry={() => void overview.refetch()} />
      </div>
    );
  if (sources?.length === 0) return <FirstStart discovery={discovery} folder={userFolder ?? '/'} />;
  const rows = worstFirst(sources ?? [], now);
  const demo = sources?.find((one) => one.demo);
  const worst = rows.find(({ standing }) => standing.rank === 0 && standing.detail !== undefined);
  return (
    <div className="min-h-0 flex-1 overflow-auto">
      <header className="flex max-w-[1680px] items-end gap-4 px-6 pt-5 pb-3.5">
        <div className="min-w-0 flex-1">
          <h1 className="text-xl font-bold tracking-[-0.015em]">{sources === undefined ? 'Home' : titleOf(rows)}</h1>
          <p className="min-h-5 text-ink-2">{sources === undefined ? '' : leadOf(rows)}</p>
        </div>
        {sources !== undefined && (
          <Button
            title={lines.discover(userFolder ?? '/')}
            disabled={shown && discovery.looking}
            onClick={() => {
              // What was found at the start is shown at once; only who sees it already looks again.
              if (shown) discovery.look();
              setShown(true);
            }}
          >
            {shown ? 'Look again' : 'Discover'}
          </Button>
        )}
      </header>
      <div className="grid max-w-[1680px] grid-cols-1 gap-3.5 px-6 pb-6">
        {worst !== undefined && (
          <Notice
            tone="bad"
            title={
              <span className="flex min-w-0 gap-1">
                <Name text={`${worst.one.source.name}:`} /> <span className="shrink-0">{lower(worst.standing.statement)}</span>
              </span>
            }
            action={<ActOf one={worst.one} standing={worst.standing} />}
          >
            {worst.standing.detail}
          </Notice>
        )}
        <div className="overflow-hidden rounded-l border border-line">
          {sources === undefined ? <Waiting rows={4} height="h-14" what="sources" /> : <SourceTable rows={rows} />}
        </div>
        {demo !== undefined && <DemoNext demo={demo} />}
        <HeldList />
        <UndoList />
        {shown ? <FoundList discovery={discovery} folder={userFolder ?? '/'} /> : <UnprotectedLine discovery={discovery} onShow={() => setShown(true)} />}
        <CommandLine line={lines.status()} />
      </div>
    </div>
  );
}

type Rows = readonly { readonly one: Overview; readonly standing: Standing }[];

function titleOf(rows: Rows): string {
  const needing = rows.filter(({ standing }) => standing.rank === 0).length;
  if (needing > 0) return `${inWords(needing)} ${needing === 1 ? 'source needs' : 'sources need'} you`;
  const open = rows.filter(({ standing }) => standing.rank === 1 || standing.rank === 2).length;
  if (open > 0) return `${inWords(open)} ${open === 1 ? 'source has' : 'sources have'} a step open`;
  return rows.length === 1 ? 'The source is safe' : 'Every source is safe';
}

function leadOf(rows: Rows): string {
  const proved = rows.filter(({ one }) => one.newestProved !== undefined).length;
  if (proved === 0) return rows.length === 1 ? 'It has no proved snapshot yet.' : 'None has a proved snapshot yet.';
  if (proved === rows.length) return rows.length === 1 ? 'It has a proved snapshot.' : `All ${String(proved)} have a proved snapshot.`;
  return `${String(proved)} of ${counted(rows.length, 'source')} ${proved === 1 ? 'has' : 'have'} a proved snapshot.`;
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
