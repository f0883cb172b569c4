import { useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { counted } from '../../ui/format.ts';
import { Icon } from '../../ui/icons.tsx';
import { Name } from '../../ui/name.tsx';
import type { Discovery } from '../shared/found-list.tsx';
import { leave, leftOnes, namesOf, unprotected } from './unprotected.ts';

/** One quiet line where databases are here that nothing protects. Left alone once, it comes back only for new ones. */
export function UnprotectedLine({ discovery, onShow }: { readonly discovery: Discovery; readonly onShow: () => void }) {
  const [left, setLeft] = useState(leftOnes);
  const open = unprotected(discovery.found ?? [], left);
  if (open.length === 0) return null;
  return (
    <section aria-label="Not protected" className="flex min-w-0 items-center gap-2 text-ink-2">
      <span className="shrink-0 text-ink-3">
        <Icon name="plug" size={14} />
      </span>
      <span className="shrink-0">{counted(open.length, 'database')} here without a source:</span>
      <Name text={namesOf(open)} />
      <span className="ml-auto flex shrink-0 gap-1">
        <Button small onClick={onShow}>
          Show
        </Button>
        <Button small kind="quiet" title="Told of again only where another one is found" onClick={() => setLeft(leave(open))}>
          Leave unprotected
        </Button>
      </span>
    </section>
  );
}
