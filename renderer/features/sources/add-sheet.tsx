import { useEffect, useRef, useState } from 'react';
import type { CommandOutput } from '../../../electron/contract/commands.ts';
import { hostError } from '../../api/errors.ts';
import type { HostError } from '../../api/errors.ts';
import { useAnswer, useLink } from '../../api/host.tsx';
import { Button } from '../../ui/button.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { Choices, Field, Select } from '../../ui/fields.tsx';
import { size } from '../../ui/format.ts';
import { Sheet } from '../../ui/overlay.tsx';
import { tell } from '../../ui/toast.tsx';
import { useActs } from '../shared/acts.ts';
import { environments } from '../shared/environments.ts';
import type { EnvironmentKey } from '../shared/environments.ts';
import { Failure } from '../shared/failure.tsx';
import { lines } from '../shared/lines.ts';
import { NotRemembered } from '../shared/not-remembered.tsx';
import { nothingTyped, orderOf, placeOf } from '../shared/place.ts';
import type { Typed } from '../shared/place.ts';
import { NoEngine } from '../shared/unseen.tsx';
import { failureOf } from '../shared/work.ts';
import { Facts } from './findings.tsx';

type Probe = CommandOutput<'sources.add'>;

interface AddProps {
  /** What is known of it already. */
  readonly start?: Partial<Typed> | undefined;
  readonly folder: string;
  readonly onClose: () => void;
}

/** Adds a source by hand: tried first where somebody wants to, and always before it is kept. */
export function AddSheet({ start, folder, onClose }: AddProps) {
  const link = useLink();
  const acts = useActs();
  const [typed, setTyped] = useState<Typed>({ ...nothingTyped, ...start });
  const [name, setName] = useState('');
  const [environment, setEnvironment] = useState<EnvironmentKey>('dev');
  const [working, setWorking] = useState<'test' | 'add'>();
  const [found, setFound] = useState<Probe | HostError>();
  const order = orderOf(typed, folder);
  const outcome = useRef<HTMLDivElement>(null);
  const onScreen = useRef(true);
  useEffect(() => {
    onScreen.current = true;
    return () => void (onScreen.current = false);
  }, []);
  useEffect(() => {
    if (found !== undefined) outcome.current?.scrollIntoView({ block: 'nearest' });
  }, [found]);
  const set = (part: Partial<Typed>): void => {
    setFound(undefined);
    setTyped((known) => ({ ...known, ...part }));
  };
  const rename = (to: string): void => {
    setFound(undefined);
    setName(to);
  };
  const ask = async (dryRun: boolean): Promise<void> => {
    if (order === undefined) return;
    setWorking(dryRun ? 'test' : 'add');
    try {
      const answer = await link.call('sources.add', {
        ...order,
        ...(name.trim() === '' ? {} : { name: name.trim() }),
        environment,
        baseFolder: folder,
        dryRun,
      });
      if (dryRun) setFound(answer);
      else {
        if (onScreen.current) onClose();
        const added = answer.source.name;
        tell({ title: `${added} is a source now`, text: 'It has no snapshot yet.', action: { label: 'Snapshot', act: () => acts.snap(added) } });
      }
    } catch (error) {
      const failure = hostError(error);
      if (onScreen.current) setFound(failure);
      else tell(failureOf(failure));
    } finally {
      setWorking(undefined);
    }
  };
  return (
    <Sheet
      open
      onOpenChange={onClose}
      title="Add a source"
      lead="The database is only read. A password is kept apart from the source, where secrets are kept on this machine."
      footer={
        <>
          <Button onClick={onClose}>Not now</Button>
          <Button className="ml-auto" onClick={() => void ask(true)} disabled={order === undefined || working !== undefined}>
            {working === 'test' ? 'Testing…' : 'Test the connection'}
          </Button>
          <Button kind="primary" type="submit" form="add-source" disabled={order === undefined || working !== undefined}>
            {working === 'add' ? 'Adding…' : 'Add it'}
          </Button>
        </>
      }
    >
      <form
        id="add-source"
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void ask(false);
        }}
      >
        <Choices<Typed['kind']>
          label="What it is"
          value={typed.kind}
          onChange={(kind) => set({ kind })}
          choices={[
            { key: 'address', title: 'PostgreSQL, by its address', text: 'postgres://user@host:5432/database' },
            { key: 'fields', title: 'PostgreSQL, field by field', text: 'Host, port, database, role' },
            { key: 'container', title: 'PostgreSQL in a container', text: 'Role and password as it was made with' },
            { key: 'file', title: 'A SQLite file', text: 'By its path on this machine' },
          ]}
        />
        <Place typed={typed} set={set} folder={folder} />
        <div className="grid grid-cols-[1fr_320px] items-start gap-3">
          <Field label="Name" value={name} onChange={(event) => rename(event.target.value)} placeholder="from the database" />
          <Select label="Environment" value={environment} onChange={setEnvironment} options={environments} />
        </div>
        {typed.password !== '' && <NotRemembered />}
        <div ref={outcome} className="empty:hidden">
          {found !== undefined && !('probe' in found || 'source' in found) && <Failure error={found} />}
          {found !== undefined && 'source' in found && (
            <section aria-label="What was found" className="rounded-l border border-line px-3.5 py-3" role="status">
              <h3 className="font-semibold">It can be added as {found.source.name}</h3>
              {found.probe !== undefined && (
                <>
                  <p className="text-ink-2">
                    Version {found.probe.serverVersion}, {size(found.probe.bytes)}.
                  </p>
                  <Facts facts={found.probe.facts} tools={found.probe.tools} warnings={found.probe.warnings} />
                </>
              )}
              {found.alsoSource?.map((other) => (
                <p key={other} className="text-warn">
                  It is the database of {other} by another name: a rewind of one is a rewind of the other.
                </p>
              ))}
            </section>
          )}
        </div>
        <CommandLine line={lines.addSource(placeOf(typed, folder), name.trim(), environment)} />
      </form>
    </Sheet>
  );
}

interface PlaceProps {
  readonly typed: Typed;
  readonly set: (part: Partial<Typed>) => void;
  readonly folder: string;
}

function Place({ typed, set, folder }: PlaceProps) {
  const mono = 'font-mono text-s';
  const password = (
    <Field
      label="Password"
      type="password"
      autoComplete="new-password"
      value={typed.password}
      onChange={(event) => set({ password: event.target.value })}
      hint="Empty where the server asks for none, or ~/.pgpass has it."
    />
  );
  switch (typed.kind) {
    case 'address':
      return (
        <>
          <Field
            label="Address"
            className={mono}
            value={typed.address}
            onChange={(event) => set({ address: event.target.value })}
            placeholder="postgres://user@host:5432/database"
            hint="A password in it is taken out and kept apart. env:DATABASE_URL is for the command line."
          />
          {password}
        </>
      );
    case 'fields':
      return (
        <>
          <div className="grid grid-cols-[1fr_100px] gap-3">
            <Field label="Host" className={mono} value={typed.host} onChange={(event) => set({ host: event.target.value })} />
            <Field label="Port" className={mono} inputMode="numeric" value={typed.port} onChange={(event) => set({ port: event.target.value })} />
          </div>
          <div className="grid grid-cols-2 gap-3">
            <Field label="Database" className={mono} value={typed.database} onChange={(event) => set({ database: event.target.value })} />
            <Field
              label="Role"
              className={mono}
              value={typed.user}
              onChange={(event) => set({ user: event.target.value })}
              placeholder="as the system's user"
            />
          </div>
          {password}
        </>
      );
    case 'container':
      return (
        <>
          <Field
            label="Container"
            className={mono}
            value={typed.container}
            onChange={(event) => set({ container: event.target.value })}
            placeholder="shop-db-1, or shop-db-1/database"
            hint="By its name, with a database behind a slash where it has several."
          />
          <div className="grid grid-cols-2 items-start gap-3">
            <Field label="Role" className={mono} value={typed.user} onChange={(event) => set({ user: event.target.value })} placeholder="as it was made with" />
            <Field
              label="Password"
              type="password"
              autoComplete="new-password"
              value={typed.password}
              onChange={(event) => set({ password: event.target.value })}
              placeholder="as it was made with"
            />
          </div>
          <EngineState folder={folder} />
        </>
      );
    case 'file':
      return (
        <Field
          label="File"
          className={mono}
          value={typed.file}
          onChange={(event) => set({ file: event.target.value })}
          placeholder="/home/me/project/dev.db"
          hint="Its whole path, or one from your own folder: ~/project/dev.db"
        />
      );
  }
}

/** Whether there is an engine to find a container with, before anybody types the name of one. */
function EngineState({ folder }: { readonly folder: string }) {
  const looked = useAnswer('discover', { folder });
  const why = looked.data?.noContainers;
  if (why === undefined || looked.isFetching) return null;
  return (
    <NoEngine
      why={why}
      means="No container can be reached without it; a port that one published can be added by its address."
      retry={() => void looked.refetch()}
    />
  );
}
