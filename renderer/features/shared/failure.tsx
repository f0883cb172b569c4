import type { ReactNode } from 'react';
import type { HostError } from '../../api/errors.ts';
import { Button } from '../../ui/button.tsx';
import { Prose } from '../../ui/prose.tsx';
import { Notice } from '../../ui/marks.tsx';

/** An answer that did not come: what happened, and the next step. */
export function Failure({ error, retry, children }: { readonly error: HostError; readonly retry?: () => void; readonly children?: ReactNode }) {
  return (
    <Notice tone="bad" title={<Prose text={error.message} />} action={retry === undefined ? children : <Button onClick={retry}>Try again</Button>}>
      {error.hint !== undefined && <Prose text={error.hint} />}
    </Notice>
  );
}
