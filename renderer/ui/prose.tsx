import { escapeText } from '../../electron/contract/escape.ts';

/** A statement of the host's: what it quotes as code is shown as code. */
export function Prose({ text }: { readonly text: string }) {
  return (
    <span className="[overflow-wrap:anywhere]">
      {escapeText(text)
        .split('`')
        .map((part, at) =>
          at % 2 === 1 ? (
            <code key={`${String(at)}-${part}`} className="font-mono text-[0.92em] text-ink">
              {part}
            </code>
          ) : (
            part
          ),
        )}
    </span>
  );
}
