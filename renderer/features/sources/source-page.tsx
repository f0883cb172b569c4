import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { useAnswer } from '../../api/host.tsx';
import { Button } from '../../ui/button.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { duration, exactTime, size } from '../../ui/format.ts';
import { Engine, Environment, engineName } from '../../ui/marks.tsx';
import { Name } from '../../ui/name.tsx';
import { Proof } from '../../ui/proof.tsx';
import { Empty, Waiting } from '../../ui/states.tsx';
import { When } from '../../ui/when.tsx';
import { useActs } from '../shared/acts.ts';
import { Failure } from '../shared/failure.tsx';
import { lines } from '../shared/lines.ts';
import { Facts } from './findings.tsx';
import { consistencyWords } from './words.ts';
import type { Known } from './words.ts';
import { WriteButton } from '../shared/writing.tsx';

/** One source: how it is reached and with what, what it is held against, and its newest snapshots. */
export function SourcePage({ name }: { readonly name: string }) {
  const overview = useAnswer('sources.overview', {});
  const one = overview.data?.sources.find(({ source }) => source.name === name);
  if (overview.data === undefined)
    return (
      <div className="px-6 pt-6">
        {overview.error === null ? (
          <Waiting rows={6} height="h-[34px]" what="the source" />
        ) : (
          <Failure error={overview.error} retry={() => void overview.refetch()} />
        )}
      </div>
    );
  if (one === undefined)
    return (
      <Empty
        icon="plug"
        title="There is no source of that name"
        action={
          <Link href="/sources" className="text-accent-text hover:underline">
            See all sources
          </Link>
        }
      >
        It may have been removed; its snapshots are on the shelf.
      </Empty>
    );
  return <Whole one={one} />;
}

function Whole({ one }: { readonly one: Known }) {
  const acts = useActs();
  const { source, place, newest, newestProved, targets, drill } = one;
  const tested = useAnswer('sources.test', { name: source.name });
  return (
    <div className="min-h-0 flex-1 overflow-auto">
      <header className="flex items-end gap-4 px-6 pt-5 pb-3.5">
        <div className="min-w-0 flex-1">
          <p className="flex min-w-0 gap-1 text-s text-ink-3">
            <Link href="/sources" className="hover:underline">
              Sources
            </Link>
          </p>
          <h1 className="flex min-w-0 items-center gap-2 text-xl font-bold tracking-[-0.015em]">
            <Engine kind={source.engine} />
            <Name text={source.name} />
            <Environment of={source.environment} />
          </h1>
          <p className="flex min-w-0 text-ink-2">
            <Name text={place} />
          </p>
        </div>
        <div className="flex shrink-0 items-center gap-2">
          <Button title={lines.setSource(source.name, source.environment)} onClick={() => acts.configure(source.name)}>
            Edit or remove…
          </Button>
          {newest !== undefined && (
            <Button title={lines.rewind(source.name, newest)} onClick={() => acts.rewind(source, newest)}>
              Rewind…
            </Button>
          )}
          <WriteButton kind="primary" title={lines.snap({ source: source.name })} onClick={() => acts.snap(source.name)}>
            Snapshot
          </WriteButton>
        </div>
      </header>
      <div className="grid max-w-[1100px] gap-5 px-6 pb-6 wide:grid-cols-[1fr_360px]">
        <Part title="Connection">
          <div className="flex items-center gap-2">
            <p role="status" className="min-w-0 flex-1 text-ink-2">
              {tested.isFetching
                ? 'Asking the source…'
                : tested.data === undefined
                  ? 'It could not be read.'
                  : `It answers: ${engineName(source.engine)} ${tested.data.serverVersion}, ${size(tested.data.bytes)}. ${consistencyWords(tested.data.consistency)}`}
            </p>
            <Button small disabled={tested.isFetching} onClick={() => void tested.refetch()}>
              Test the connection
            </Button>
          </div>
          {tested.error !== null && <Failure error={tested.error} />}
          {tested.data !== undefined && tested.error === null && <Facts {...tested.data} />}
          <CommandLine line={lines.testSource(source.name)} />
        </Part>
        <div className="grid content-start gap-5">
          <Part title="Held against">
            <dl className="grid grid-cols-[1fr_auto] gap-y-1">
              <Fact name="Newest snapshot at most (RPO)">{targets.rpoMs === null ? 'not asked' : duration(targets.rpoMs)}</Fact>
              <Fact name="Restore within (RTO)">{targets.rtoMs === null ? 'not asked' : duration(targets.rtoMs)}</Fact>
              <Fact name="Last measured restore">{drill?.recoveryMs === undefined ? 'not drilled yet' : duration(drill.recoveryMs)}</Fact>
              <Fact name="Source since">
                <span title={exactTime(source.addedAt)}>
                  <When at={source.addedAt} as="day" />
                </span>
              </Fact>
            </dl>
          </Part>
          <Part title="Snapshots">
            {newest === undefined && <p className="text-ink-2">It was never snapshotted.</p>}
            {newest !== undefined && (
              <dl className="grid grid-cols-[1fr_auto] gap-y-1">
                <Fact name="Newest">
                  <Link href={`/snapshot/${newest.id}`} className="flex gap-2 hover:underline">
                    <Proof level={newest.proved} failing={newest.failing} /> <When at={newest.createdAt} />
                  </Link>
                </Fact>
                <Fact name="Newest proved">
                  {newestProved === undefined ? (
                    'none'
                  ) : (
                    <Link href={`/snapshot/${newestProved.id}`} className="hover:underline">
                      <When at={newestProved.createdAt} />
                    </Link>
                  )}
                </Fact>
              </dl>
            )}
            <Link href={`/shelf?source=${encodeURIComponent(source.name)}`} className="text-accent-text hover:underline">
              All on the shelf
            </Link>
          </Part>
        </div>
      </div>
    </div>
  );
}

function Part({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section aria-label={title} className="grid content-start gap-2 rounded-l border border-line px-4 py-3.5">
      <h2 className="font-semibold">{title}</h2>
      {children}
    </section>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <>
      <dt className="text-ink-2">{name}</dt>
      <dd className="text-right">{children}</dd>
    </>
  );
}
