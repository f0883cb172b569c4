import { useId } from 'react';
import type { ReactNode } from 'react';

/** One matter of the page: its name, its question, and what can be done. */
export function Section({ title, text, children }: { readonly title: string; readonly text?: ReactNode; readonly children: ReactNode }) {
  const id = useId();
  return (
    <section aria-labelledby={id} className="grid min-w-0 content-start gap-3 border-t border-line pt-4">
      <div>
        <h2 id={id} className="text-l font-bold">
          {title}
        </h2>
        {text !== undefined && <p className="text-ink-2">{text}</p>}
      </div>
      {children}
    </section>
  );
}
