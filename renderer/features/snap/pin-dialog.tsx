import { useState } from 'react';
import type { SnapshotSummary } from '../../../electron/contract/model.ts';
import { Button } from '../../ui/button.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { Field } from '../../ui/fields.tsx';
import { Dialog } from '../../ui/overlay.tsx';
import { lines } from '../shared/lines.ts';

/** Asks why a snapshot is held. */
export function PinDialog({ snapshot, onClose, onPin }: PinDialogProps) {
  const [reason, setReason] = useState('');
  const said = reason.trim();
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Pin the snapshot"
      lead="A pinned snapshot is never removed until it is unpinned."
      footer={
        <>
          <Button onClick={onClose}>Not now</Button>
          <Button kind="primary" type="submit" form="pin" disabled={said === ''}>
            Pin
          </Button>
        </>
      }
    >
      <form
        id="pin"
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (said !== '') onPin(said);
        }}
      >
        <Field label="Reason" value={reason} onChange={(event) => setReason(event.target.value)} hint="Whoever wants to remove it later reads this." />
        <CommandLine line={lines.pin(snapshot, said === '' ? '…' : said)} />
      </form>
    </Dialog>
  );
}

interface PinDialogProps {
  readonly snapshot: SnapshotSummary;
  readonly onClose: () => void;
  readonly onPin: (reason: string) => void;
}
