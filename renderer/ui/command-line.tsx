import { useState } from 'react';
import { IconButton } from './button.tsx';
import { Icon } from './icons.tsx';

/** The line of the command line that does the same, to be copied. */
export function CommandLine({ line }: { readonly line: string }) {
  const [copied, setCopied] = useState(false);
  const copy = (): void => {
    navigator.clipboard.writeText(line).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  };
  return (
    <div className="flex min-w-0 items-center gap-1 text-ink-3">
      <code className="min-w-0 overflow-hidden font-mono text-xs text-ellipsis whitespace-nowrap" title={line}>
        {line}
      </code>
      <IconButton label={copied ? 'Copied' : 'Copy the command line'} onClick={copy} onBlur={() => setCopied(false)}>
        <Icon name={copied ? 'check' : 'copy'} size={14} />
      </IconButton>
    </div>
  );
}
