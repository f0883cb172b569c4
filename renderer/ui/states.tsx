import type { ReactNode } from 'react';
import { Icon } from './icons.tsx';
import type { IconName } from './icons.tsx';

/** Where there is nothing yet: what would be here, and the next step. */
export function Empty({ icon, title, children, action }: EmptyProps) {
  return (
    <div className="grid justify-items-center gap-2 px-6 py-14 text-center">
      <span className="text-ink-3">
        <Icon name={icon} size={28} />
      </span>
      <h2 className="text-l font-bold">{title}</h2>
      {children !== undefined && <div className="max-w-[52ch] text-ink-2">{children}</div>}
      {action !== undefined && <div className="mt-2 flex gap-2">{action}</div>}
    </div>
  );
}

interface EmptyProps {
  readonly icon: IconName;
  readonly title: string;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
}

/** Rows that are on their way, in the place that they will take. */
export function Waiting({ rows, height, what }: { readonly rows: number; readonly height: string; readonly what: string }) {
  return (
    <div role="status" aria-label={`Loading ${what}`}>
      {Array.from({ length: rows }, (_none, at) => (
        <div key={at} className={`flex items-center gap-3 border-b border-line px-2.5 ${height}`}>
          <span className="waits h-[22px] w-[22px]" />
          <span className="waits h-3 w-48" />
          <span className="waits ml-auto h-3 w-24" />
        </div>
      ))}
    </div>
  );
}
