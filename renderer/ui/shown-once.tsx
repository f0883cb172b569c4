import { useState } from 'react';
import { Button } from './button.tsx';
import { Icon } from './icons.tsx';
import { Dialog } from './overlay.tsx';

interface ShownOnceProps {
  readonly title: string;
  readonly lead: string;
  readonly text: string;
  readonly onKept: () => void;
}

/** A text that is shown this once, whole. Only the button that says so closes it: neither Escape nor a click beside it loses the text. */
export function ShownOnce({ title, lead, text, onKept }: ShownOnceProps) {
  const [copied, setCopied] = useState(false);
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  };
  return (
    <Dialog
      open
      mustAnswer
      onOpenChange={() => onKept()}
      title={title}
      lead={lead}
      footer={
        <>
          <Button onClick={copy} onBlur={() => setCopied(false)}>
            <Icon name={copied ? 'check' : 'copy'} size={14} /> {copied ? 'Copied' : 'Copy'}
          </Button>
          <Button kind="primary" onClick={onKept}>
            It is kept elsewhere
          </Button>
        </>
      }
    >
      <code className="block rounded-m bg-sunken px-3 py-2.5 font-mono text-s [overflow-wrap:anywhere] select-all">{text}</code>
    </Dialog>
  );
}
