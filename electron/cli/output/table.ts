import { escapeText } from '../../core/app/faces.ts';
import { styled } from './style.ts';
import { fit, padEnd, padStart, widthOf } from './width.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Fewest columns that this one may be squeezed to; left out, it is never squeezed. */
  readonly least?: number;
  /** Stands there without a text too. */
  readonly keep?: boolean;
}

/**
 * Rows under headings, aligned. Where `width` is given and the table is wider, the columns with `least` give way, widest
 * first, their texts shortened in the middle. Cells are escaped here. A column without a single text is left out, unless it says otherwise.
 */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], width?: number): string[] {
  const used = columns
    .map((column, index) => ({ column, index }))
    .filter(({ column, index }) => column.keep === true || rows.some((row) => (row[index] ?? '') !== ''));
  const cells = rows.map((row) => used.map(({ index }) => escapeText(row[index] ?? '')));
  const widths = used.map(({ column }, at) => Math.max(widthOf(column.title), ...cells.map((row) => widthOf(row[at] ?? ''))));
  if (width !== undefined)
    squeeze(
      used.map(({ column }) => column),
      widths,
      width,
    );
  const line = (texts: readonly string[]) =>
    texts
      .map((text, at) => (used[at]?.column.align === 'right' ? padStart : padEnd)(fit(text, widths[at] ?? 0), widths[at] ?? 0))
      .join('  ')
      .trimEnd();
  return [styled('dim', line(used.map(({ column }) => column.title))), ...cells.map(line)];
}

function squeeze(columns: readonly Column[], widths: number[], width: number): void {
  const total = () => widths.reduce((sum, each) => sum + each, 0) + 2 * (widths.length - 1);
  while (total() > width) {
    let widest = -1;
    for (const [at, column] of columns.entries()) {
      if (column.least === undefined || (widths[at] ?? 0) <= column.least) continue;
      if (widest === -1 || (widths[at] ?? 0) > (widths[widest] ?? 0)) widest = at;
    }
    if (widest === -1) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}

/** Names and values below each other, the values aligned. Pairs without a value are left out. */
export function facts(pairs: readonly (readonly [name: string, value: string | undefined])[]): string[] {
  const shown = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined && pair[1] !== '');
  const width = Math.max(0, ...shown.map(([name]) => widthOf(escapeText(name))));
  return shown.map(([name, value]) => `${styled('dim', padEnd(escapeText(name), width))}  ${escapeText(value)}`);
}
