import { useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { Field } from '../../ui/fields.tsx';
import { Dialog } from '../../ui/overlay.tsx';

/** Asks for a production source's name before something is put in its place. */
export function ConfirmName({ name, title, act, line, onClose, onConfirm }: ConfirmNameProps) {
  const [typed, setTyped] = useState('');
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={title}
      lead={`${name} is a production source.`}
      footer={
        <>
          <Button onClick={onClose}>Not now</Button>
          <Button kind="bad" type="submit" form="confirm-name" disabled={typed !== name}>
            {act}
          </Button>
        </>
      }
    >
      <form
        id="confirm-name"
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (typed === name) onConfirm(typed);
        }}
      >
        <Field label={`Type ${name} to go on`} value={typed} onChange={(event) => setTyped(event.target.value)} />
        <CommandLine line={line} />
      </form>
    </Dialog>
  );
}

interface ConfirmNameProps {
  readonly name: string;
  readonly title: string;
  readonly act: string;
  readonly line: string;
  readonly onClose: () => void;
  readonly onConfirm: (typed: string) => void;
}
