import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import type { CommandOutput } from '../../../electron/contract/commands.ts';
import { useAnswer } from '../../api/host.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { useNow } from '../../ui/clock.tsx';
import { day, duration, exactTime } from '../../ui/format.ts';
import { Icon } from '../../ui/icons.tsx';
import { Environment, engineName, Notice, Tag } from '../../ui/marks.tsx';
import { Menu } from '../../ui/menu.tsx';
import { Name } from '../../ui/name.tsx';
import { Prose } from '../../ui/prose.tsx';
import { Empty, Waiting } from '../../ui/states.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { useActs } from '../shared/acts.ts';
import { Failure } from '../shared/failure.tsx';
import { lines } from '../shared/lines.ts';
import { capital, titleOf } from '../shared/titles.ts';
import { DataTab } from './data-tab.tsx';
import { DiffTab } from './diff-tab.tsx';
import { LineageTab } from './lineage-tab.tsx';
import { ObjectsTab } from './objects-tab.tsx';
import { ProofCards, ProofTab } from './proof-tab.tsx';
import { useReadOnly } from '../shared/writing.tsx';

export type Shown = CommandOutput<'snapshot.show'>;

/** "What is in it, and can I trust it?" */
export function SnapshotPage({ id }: { readonly id: string }) {
  const now = useNow();
  const answer = useAnswer('snapshot.show', { snapshot: id });
  const [tab, setTab] = useState('objects');
  const [object, setObject] = useState<string>();
  const [, go] = useLocation();
  const shown = answer.data;
  if (answer.error?.code === 'snapshot.unknown')
    return (
      <Empty
        icon="shelf"
        title={shown === undefined ? 'There is no such snapshot' : 'This snapshot is gone'}
        action={
          <Button kind="primary" onClick={() => go('/shelf')}>
            See the shelf
          </Button>
        }
      >
        <Prose
          text={
            shown === undefined
              ? 'It was forgotten, or the address is not whole.'
              : `${capital(titleOf(shown.snapshot, now))} of ${shown.snapshot.source} was forgotten while it was shown.`
          }
        />
      </Empty>
    );
  if (shown === undefined)
    return answer.error === null ? (
      <div className="px-6 pt-28">
        <Waiting rows={8} height="h-[34px]" what="the snapshot" />
      </div>
    ) : (
      <div className="p-6">
        <Failure error={answer.error} retry={() => void answer.refetch()} />
      </div>
    );
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <Head shown={shown} />
      <ProofCards shown={shown} />
      <Tabs
        label="Sides of the snapshot"
        value={tab}
        onChange={setTab}
        tabs={[
          {
            key: 'objects',
            title: (
              <>
                Objects <span className="font-normal text-ink-3">{shown.objectsTotal}</span>
              </>
            ),
            content: (
              <ObjectsTab
                shown={shown}
                onBrowse={(name) => {
                  setObject(name);
                  setTab('data');
                }}
              />
            ),
          },
          { key: 'diff', title: 'Diff', content: <DiffTab shown={shown} /> },
          { key: 'data', title: 'Data', content: <DataTab shown={shown} object={object} onObject={setObject} /> },
          { key: 'proof', title: 'Proof', content: <ProofTab shown={shown} /> },
          { key: 'lineage', title: 'Lineage', content: <LineageTab shown={shown} /> },
        ]}
      />
    </div>
  );
}

function Head({ shown }: { readonly shown: Shown }) {
  const now = useNow();
  const acts = useActs();
  const readOnly = useReadOnly() !== undefined;
  const { snapshot, capture } = shown;
  const source = useAnswer('sources.overview', {}).data?.sources.find((one) => one.source.name === snapshot.source)?.source;
  const version = capture['serverVersion'];
  const took = capture['durationMs'];
  return (
    <header className="flex items-end gap-4 px-6 pt-5 pb-3.5">
      <div className="min-w-0 flex-1">
        <p className="flex min-w-0 gap-1 text-s text-ink-3">
          <Link href="/shelf" className="hover:underline">
            Shelf
          </Link>
          /
          <Link href={`/shelf?source=${encodeURIComponent(snapshot.source)}`} className="flex min-w-0 hover:underline">
            <Name text={snapshot.source} />
          </Link>
        </p>
        <h1 className="flex min-w-0 items-center gap-2 text-xl font-bold tracking-[-0.015em]">
          {snapshot.pin !== undefined && (
            <span className="shrink-0 text-ink-2" title={`Pinned: ${snapshot.pin.reason}`}>
              <Icon name="pin" />
              <span className="sr-only">Pinned</span>
            </span>
          )}
          {snapshot.name === undefined ? <span>{`Snapshot #${String(snapshot.seq)}`}</span> : <Name text={snapshot.name} />}
        </h1>
        <p className="flex min-w-0 flex-wrap items-center gap-x-1.5 text-ink-2">
          <span title={exactTime(snapshot.createdAt)}>{day(snapshot.createdAt, now, true)}</span>
          <span>·</span>
          <Name text={snapshot.source} className="max-w-56" />
          {source !== undefined && <Environment of={source.environment} />}
          <span>
            · {engineName(snapshot.engine)}
            {typeof version === 'string' && ` ${version}`}
            {typeof took === 'number' && ` · took ${duration(took)}`}
          </span>
          {snapshot.tags.map((tag) => (
            <Tag key={tag}>
              <Name text={tag} />
            </Tag>
          ))}
        </p>
        {snapshot.note !== undefined && (
          <p className="text-ink-2">
            <Prose text={snapshot.note} />
          </p>
        )}
        {snapshot.part !== undefined && (
          <div className="mt-2">
            <Notice tone="warn" title="A part of its source">
              {snapshot.part.join(' ')}
            </Notice>
          </div>
        )}
      </div>
      <div className="flex shrink-0 items-center gap-2">
        <Menu
          label="More for this snapshot"
          trigger={
            <IconButton label="More for this snapshot">
              <Icon name="more" />
            </IconButton>
          }
          acts={[
            snapshot.pin === undefined
              ? { key: 'pin', title: 'Pin…', disabled: readOnly, act: () => acts.pin(snapshot) }
              : { key: 'unpin', title: 'Unpin', disabled: readOnly, act: () => acts.unpin(snapshot) },
          ]}
        />
        <Button onClick={() => acts.exportTo(snapshot)}>Export…</Button>
        <Button title={lines.verify(snapshot)} onClick={() => acts.prove(snapshot)}>
          Prove it
        </Button>
        {source !== undefined && (
          <Button kind="primary" title={lines.rewind(source.name, snapshot)} onClick={() => acts.rewind(source, snapshot)}>
            Rewind…
          </Button>
        )}
      </div>
    </header>
  );
}
