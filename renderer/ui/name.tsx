import { escapeText } from '../../electron/contract/escape.ts';
import { classes } from './classes.ts';

const tailLength = 8;

/**
 * A name of unknown origin: invisible and bidirectional characters are shown escaped, text never flows out of its own direction, and a
 * name that is too long loses its middle. The whole is in the tooltip.
 */
export function Name({ text, mono = false, className }: { readonly text: string; readonly mono?: boolean; readonly className?: string }) {
  const shown = escapeText(text);
  const characters = [...shown];
  const look = classes(
    'relative inline-flex min-w-0 max-w-full overflow-hidden whitespace-pre',
    mono && 'font-mono text-[0.75rem] leading-[inherit]',
    className,
  );
  if (characters.length <= tailLength * 2)
    return (
      <bdi dir="ltr" title={shown} className={look}>
        <span className="overflow-hidden text-ellipsis">{shown}</span>
      </bdi>
    );
  const cut = characters.length - tailLength;
  // Read out, the two parts would be two words.
  return (
    <bdi dir="ltr" title={shown} className={look}>
      <span className="sr-only select-none">{shown}</span>
      <span aria-hidden="true" className="min-w-[2.4em] overflow-hidden text-ellipsis">
        {characters.slice(0, cut).join('')}
      </span>
      <span aria-hidden="true" className="shrink-0">
        {characters.slice(cut).join('')}
      </span>
    </bdi>
  );
}
