import type { CommandOutput } from '../../../electron/contract/commands.ts';
import { Name } from '../../ui/name.tsx';

export type Cell = NonNullable<CommandOutput<'snapshot.rows'>['page']>['rows'][number][number];

const longestCell = 300;

/** Whether it stands at the right. */
export function isNumber(cell: Cell | undefined): boolean {
  return typeof cell === 'number' || (typeof cell === 'object' && cell !== null && (cell.$ === 'int64' || cell.$ === 'real'));
}

/** A value on one line, shortened. */
export function shownText(cell: Cell): string {
  if (cell === null) return 'null';
  if (typeof cell === 'object') return cell.$ === 'blob' ? bytesText(cell.v) : cell.v.slice(0, longestCell);
  return String(cell).slice(0, longestCell);
}

/** The first bytes, as hex. */
function bytesText(base64: string): string {
  const bytes = atob(base64.slice(0, 16));
  return `blob ${[...bytes].map((byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join('')}${base64.length > 16 ? '…' : ''}`;
}

/** A value as it is shown: whole in the tooltip, NULL and bytes told from text. */
export function CellText({ cell }: { readonly cell: Cell }) {
  if (cell === null) return <span className="font-mono text-s text-ink-3">null</span>;
  const text = shownText(cell);
  if (typeof cell === 'object' && cell.$ === 'blob')
    return (
      <span className="font-mono text-s text-ink-3" title={cell.v.slice(0, 2000)}>
        {text}
      </span>
    );
  return <Name mono text={text} />;
}
