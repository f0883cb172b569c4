import { useState } from 'react';
import type { Source } from '../../../electron/contract/model.ts';
import { Button } from '../../ui/button.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { Field } from '../../ui/fields.tsx';
import { Dialog } from '../../ui/overlay.tsx';
import { lines } from '../shared/lines.ts';

export interface SnapOrder {
  readonly source: string;
  readonly name?: string;
  readonly note?: string;
}

/** Asks what a snapshot is of and what it is called. */
export function SnapDialog({ sources, source, onClose, onTake }: SnapDialogProps) {
  const [of, setOf] = useState(source ?? sources[0]?.name ?? '');
  const [name, setName] = useState('');
  const [note, setNote] = useState('');
  const order: SnapOrder = {
    source: of,
    ...(name.trim() === '' ? {} : { name: name.trim() }),
    ...(note.trim() === '' ? {} : { note: note.trim() }),
  };
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Snapshot now"
      lead="Read in one go, re-read and compared with what was expected. The source is not changed."
      footer={
        <>
          <Button onClick={onClose}>Not now</Button>
          <Button kind="primary" type="submit" form="snap">
            Take the snapshot
          </Button>
        </>
      }
    >
      <form
        id="snap"
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          onTake(order);
        }}
      >
        <div className="grid gap-1">
          <label htmlFor="snap-source" className="text-s font-strong text-ink-2">
            Source
          </label>
          <select
            id="snap-source"
            value={of}
            onChange={(event) => setOf(event.target.value)}
            className="h-7 w-full rounded-m border border-line-strong bg-surface px-2"
          >
            {sources.map((one) => (
              <option key={one.name} value={one.name}>
                {one.name}
              </option>
            ))}
          </select>
        </div>
        <Field label="Name" value={name} onChange={(event) => setName(event.target.value)} hint="To find it again, e.g. before-migration. May be left out." />
        <Field label="Note" value={note} onChange={(event) => setNote(event.target.value)} hint="Why it was taken. May be left out." />
        <CommandLine line={lines.snap(order)} />
      </form>
    </Dialog>
  );
}

interface SnapDialogProps {
  readonly sources: readonly Source[];
  readonly source: string | undefined;
  readonly onClose: () => void;
  readonly onTake: (order: SnapOrder) => void;
}
