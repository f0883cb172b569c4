import type { ReactNode } from 'react';
import type { CommandOutput } from '../../../electron/contract/commands.ts';
import { useAnswer } from '../../api/host.tsx';
import { Button } from '../../ui/button.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { Choices } from '../../ui/fields.tsx';
import { counted } from '../../ui/format.ts';
import { Icon } from '../../ui/icons.tsx';
import { Name } from '../../ui/name.tsx';
import { Notice } from '../../ui/marks.tsx';
import { Prose } from '../../ui/prose.tsx';
import { Waiting } from '../../ui/states.tsx';
import { useActs } from '../shared/acts.ts';
import { Failure } from '../shared/failure.tsx';
import { lines } from '../shared/lines.ts';
import { chooseTheme, useThemeChoice } from '../shared/theme.ts';
import type { ThemeChoice } from '../shared/theme.ts';
import { About } from './about.tsx';
import { Keys } from './keys.tsx';

type Status = CommandOutput<'status'>;
type Finding = CommandOutput<'doctor'>['findings'][number];

/** How this window looks, who can open the repository, where everything lies, and whether it is in order. */
export function SettingsPage() {
  const status = useAnswer('status', {});
  const doctor = useAnswer('doctor', {});
  return (
    <div className="min-h-0 flex-1 overflow-auto">
      <header className="px-6 pt-5 pb-3.5">
        <h1 className="text-xl font-bold tracking-[-0.015em]">Settings</h1>
        <p className="text-ink-2">Of this window, and of the data directory that its host owns.</p>
      </header>
      <div className="grid max-w-[900px] gap-5 px-6 pb-8">
        <Part title="Theme">
          <Theme />
        </Part>
        {status.error !== null && <Failure error={status.error} retry={() => void status.refetch()} />}
        {status.data === undefined && status.error === null && <Waiting rows={3} height="h-[34px]" what="settings" />}
        {status.data !== undefined && (
          <>
            <Part title="Repository">
              <Repository status={status.data} />
            </Part>
            <Part title="Secrets">
              <Secrets findings={doctor.data?.findings} />
            </Part>
            <Part title="Data directory and host">
              <Host status={status.data} />
            </Part>
          </>
        )}
        <Part
          title="In order?"
          action={
            <Button small disabled={doctor.isFetching} onClick={() => void doctor.refetch()}>
              {doctor.isFetching ? 'Looking…' : 'Look again'}
            </Button>
          }
        >
          {doctor.error !== null && <Failure error={doctor.error} />}
          {doctor.data === undefined && doctor.error === null && <Waiting rows={6} height="h-[30px]" what="what is in order" />}
          {doctor.data !== undefined && <Findings findings={doctor.data.findings} />}
          <CommandLine line={lines.doctor()} />
        </Part>
        <Part title="Command line">
          <p className="text-ink-2">
            Everything here can be done by the command <code className="font-mono text-s">belay</code> too; each act shows its line. In a checkout it is{' '}
            <code className="font-mono text-s">./belay</code>, and <code className="font-mono text-s">npm link</code> puts it on the PATH. Names of sources and
            snapshots are completed by the shell once its line was run:
          </p>
          <dl className="grid grid-cols-[4rem_1fr] items-center">
            {completions.map(([shell, line]) => (
              <div key={shell} className="contents">
                <dt className="text-ink-2">{shell}</dt>
                <dd className="min-w-0">
                  <CommandLine line={line} />
                </dd>
              </div>
            ))}
          </dl>
        </Part>
        <Part title="About">
          <About version={status.data?.version} />
        </Part>
      </div>
    </div>
  );
}

const completions = [
  ['bash', "echo 'source <(belay completion bash)' >> ~/.bashrc"],
  ['zsh', "echo 'source <(belay completion zsh)' >> ~/.zshrc"],
  ['fish', 'belay completion fish > ~/.config/fish/completions/belay.fish'],
] as const;

function Part({ title, action, children }: { readonly title: string; readonly action?: ReactNode; readonly children: ReactNode }) {
  return (
    <section aria-label={title} className="grid min-w-0 content-start gap-2 rounded-l border border-line px-4 py-3.5">
      <div className="flex items-center gap-2">
        <h2 className="flex-1 font-semibold">{title}</h2>
        {action}
      </div>
      {children}
    </section>
  );
}

function Theme() {
  const choice = useThemeChoice();
  return (
    <Choices<ThemeChoice>
      label="Light or dark"
      columns={3}
      value={choice}
      onChange={chooseTheme}
      choices={[
        { key: 'system', title: 'As the system', text: 'Changes with it' },
        { key: 'light', title: 'Light', text: 'Whatever the system is' },
        { key: 'dark', title: 'Dark', text: 'Whatever the system is' },
      ]}
    />
  );
}

function Repository({ status }: { readonly status: Status }) {
  const acts = useActs();
  const { repository, locked } = status;
  if (repository === undefined)
    return (
      <div className="flex items-center gap-3">
        <p className="min-w-0 flex-1 text-ink-2">There is none yet. It is made before the first snapshot.</p>
        <Button title={lines.init(false)} onClick={() => acts.openRepository()}>
          Make the repository…
        </Button>
      </div>
    );
  return (
    <>
      <dl className="grid grid-cols-[10rem_1fr] gap-y-1">
        <Fact name="Folder">
          <Name mono text={repository.location} />
        </Fact>
        <Fact name="Format">{String(repository.format)}</Fact>
        <Fact name="Encryption">
          {repository.protection === 'none' ? 'none: whoever may read the folder may read the snapshots' : locked ? 'encrypted, locked' : 'encrypted, open'}
        </Fact>
        {repository.readOnly && <Fact name="Writing">read-only: nothing can be added to it</Fact>}
      </dl>
      {locked && (
        <Notice
          tone="plain"
          title="The repository is locked"
          action={
            <Button kind="primary" onClick={() => acts.openRepository()}>
              Unlock…
            </Button>
          }
        >
          Its keys are shown once it is open.
        </Notice>
      )}
      {repository.protection === 'keys' && !locked && <Keys />}
      {repository.protection === 'none' && (
        <p className="text-s text-ink-3">
          A repository that is not encrypted stays so. An encrypted one is made anew: belay init --encrypt in another data directory.
        </p>
      )}
    </>
  );
}

/** What is remembered where; where nothing keeps secrets, that is said. */
function Secrets({ findings }: { readonly findings: readonly Finding[] | undefined }) {
  const told = findings?.filter(({ area }) => area === 'secrets');
  if (told === undefined) return <p className="text-ink-3">Looking…</p>;
  return told.map((one) =>
    one.state === 'good' ? (
      <p key={one.statement}>
        <Prose text={`${one.statement}.`} />
      </p>
    ) : (
      <Notice key={one.statement} tone="warn" title="Nothing keeps secrets here">
        <Prose text={one.statement} /> {one.hint !== undefined && <Prose text={one.hint} />}
      </Notice>
    ),
  );
}

const starters: Readonly<Record<Status['host']['startedBy'], string>> = {
  command: 'by a command, and ends with it',
  serve: 'by belay serve',
  window: 'by the window',
};

function Host({ status }: { readonly status: Status }) {
  const { home, version, host } = status;
  return (
    <>
      <dl className="grid grid-cols-[10rem_1fr] gap-y-1">
        <Fact name="Data directory">
          <Name mono text={home} />
        </Fact>
        <Fact name="Version">{version}</Fact>
        <Fact name="Host">{`process ${String(host.pid)}, started ${starters[host.startedBy]}`}</Fact>
        <Fact name="Connected">{counted(host.clients, 'client')}</Fact>
      </dl>
      <CommandLine line={lines.status()} />
    </>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <>
      <dt className="text-ink-2">{name}</dt>
      <dd className="flex min-w-0">{children}</dd>
    </>
  );
}

const signs = {
  bad: ['alert', 'text-bad', 'Not in order'],
  lacking: ['alert', 'text-warn', 'Lacking'],
  note: ['clock', 'text-ink-2', 'To know'],
  good: ['check', 'text-ink-2', 'In order'],
} as const;
const worstFirst = ['bad', 'lacking', 'note', 'good'] as const;

function Findings({ findings }: { readonly findings: readonly Finding[] }) {
  const ordered = worstFirst.flatMap((state) => findings.filter((one) => one.state === state));
  return (
    <ul>
      {ordered.map((one) => {
        const [icon, ink, word] = signs[one.state];
        return (
          <li key={`${one.area} ${one.statement}`} className="grid grid-cols-[18px_6.5rem_1fr] gap-2 border-b border-line py-1 last:border-b-0">
            <span className={`pt-0.5 ${ink}`}>
              <Icon name={icon} size={15} />
              <span className="sr-only">{word}: </span>
            </span>
            <span className="text-ink-2">{one.area}</span>
            <div className="min-w-0">
              <Prose text={one.statement} />
              {one.hint !== undefined && (
                <div className="text-s text-ink-2">
                  <Prose text={one.hint} />
                </div>
              )}
            </div>
          </li>
        );
      })}
    </ul>
  );
}
