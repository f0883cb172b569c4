import type { ReactNode } from 'react';
import { classes } from './classes.ts';
import { Icon } from './icons.tsx';
import type { IconName } from './icons.tsx';

const letters: Readonly<Record<string, readonly [string, string]>> = {
  postgres: ['PG', 'PostgreSQL'],
  mongodb: ['M', 'MongoDB'],
  redis: ['R', 'Redis'],
  sqlite: ['SQ', 'SQLite'],
  files: ['F', 'Files'],
};

/** The square of an engine: its own colour and letters. */
export function Engine({ kind }: { readonly kind: string }) {
  const [short, name] = letters[kind] ?? ['?', kind];
  return (
    <span
      className="engine inline-grid place-items-center size-[22px] shrink-0 rounded-s text-[9.5px] leading-none font-bold"
      data-engine={kind}
      role="img"
      aria-label={name}
      title={name}
    >
      {short}
    </span>
  );
}

export function engineName(kind: string): string {
  return letters[kind]?.[1] ?? kind;
}

const environments: Readonly<Record<string, string>> = {
  production: 'bg-bad-soft text-bad',
  staging: 'bg-warn-soft text-warn',
};

export function Environment({ of }: { readonly of: string }) {
  return <span className={classes('shrink-0 rounded-s px-1.5 text-xs font-semibold leading-[18px]', environments[of] ?? 'bg-sunken text-ink-2')}>{of}</span>;
}

export function Tag({ children }: { readonly children: ReactNode }) {
  return <span className="inline-flex h-[18px] min-w-0 max-w-40 items-center gap-1 rounded-s bg-sunken px-1.5 text-xs font-medium text-ink-2">{children}</span>;
}

export function Kbd({ children }: { readonly children: ReactNode }) {
  return (
    <kbd className="rounded-s border border-b-2 border-line-strong bg-surface px-[5px] font-sans text-xs font-medium whitespace-nowrap text-ink-2">
      {children}
    </kbd>
  );
}

/** A fact to be told on a page: what is wrong, and the button that mends it. */
export function Notice({ tone, icon = tone === 'plain' ? 'clock' : 'alert', title, children, action }: NoticeProps) {
  const tones = {
    bad: 'border-bad-line bg-bad-soft',
    warn: 'border-warn-line bg-warn-soft',
    plain: 'border-line bg-bg',
  } as const;
  const inks = { bad: 'text-bad', warn: 'text-warn', plain: 'text-ink-2' } as const;
  return (
    <div className={classes('flex items-center gap-3 rounded-l border px-3.5 py-2.5', tones[tone])} role={tone === 'bad' ? 'alert' : 'status'}>
      <span className={inks[tone]}>
        <Icon name={icon} size={18} />
      </span>
      <div className="min-w-0 flex-1">
        <div className={classes('font-semibold', tone !== 'plain' && inks[tone])}>{title}</div>
        <div className="text-ink-2">{children}</div>
      </div>
      {action}
    </div>
  );
}

interface NoticeProps {
  readonly tone: 'bad' | 'warn' | 'plain';
  readonly icon?: IconName;
  readonly title: ReactNode;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
}
