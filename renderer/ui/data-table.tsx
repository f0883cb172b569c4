import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useCallback, useEffect, useId, useRef } from 'react';
import type { Key, KeyboardEvent, ReactNode } from 'react';
import { classes } from './classes.ts';
import { Icon } from './icons.tsx';

export interface Column<R> {
  readonly key: string;
  readonly title: ReactNode;
  /** A track of CSS grid: `140px`, `minmax(160px, 1fr)`. */
  readonly track: string;
  readonly right?: boolean;
  readonly sortable?: boolean;
  readonly cell: (row: R) => ReactNode;
}

export interface Sorting {
  readonly key: string;
  readonly down: boolean;
}

const actsTrack = '148px';

interface TableProps<R> {
  readonly label: string;
  readonly columns: readonly Column<R>[];
  readonly rows: readonly R[];
  /** One function for the life of the table. */
  readonly keyOf: (row: R) => string;
  readonly height?: number;
  /** Key of the row that is chosen. */
  readonly chosen: string | undefined;
  readonly onChoose: (key: string) => void;
  readonly onOpen?: ((row: R) => void) | undefined;
  /** Any other key on the chosen row; true where it was taken. */
  readonly onKey?: (key: string, row: R) => boolean;
  /** Acts of the chosen row and of the one under the pointer, at its end. */
  readonly acts?: ((row: R) => ReactNode) | undefined;
  readonly sorting?: Sorting;
  readonly onSort?: (key: string) => void;
  readonly empty: ReactNode;
  /** Puts the focus on the table when it appears. */
  readonly focused?: boolean;
}

/**
 * A table of any length: only rows in sight are made. One tab stop; arrows, Page, Home and End move the choice, Enter opens.
 */
export function DataTable<R>(props: TableProps<R>) {
  const { label, columns, rows, keyOf, height = 34, chosen, onChoose, sorting, empty, acts } = props;
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const at = chosen === undefined ? -1 : rows.findIndex((row) => keyOf(row) === chosen);
  // The same as long as the rows are: another one makes the list measure all of them anew.
  const itemKey = useCallback((index: number) => keyAt(rows, keyOf, index), [rows, keyOf]);
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => height,
    overscan: 12,
    getItemKey: itemKey,
  });
  const tracks = `14px ${columns.map((column) => column.track).join(' ')} ${acts === undefined ? '14px' : actsTrack}`;

  const focused = props.focused ?? false;
  useEffect(() => {
    if (focused) box.current?.focus({ preventScroll: true });
  }, [focused]);

  const choose = (index: number): void => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, index))];
    if (row === undefined) return;
    onChoose(keyOf(row));
    list.scrollToIndex(Math.max(0, Math.min(rows.length - 1, index)), { align: 'auto' });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.target !== box.current || event.ctrlKey || event.metaKey || event.altKey) return;
    if (taken(event.key)) event.preventDefault();
  };
  const taken = (key: string): boolean => {
    const page = Math.max(1, Math.floor((box.current?.clientHeight ?? 0) / height) - 2);
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: at + 1,
      ArrowUp: at < 0 ? 0 : at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: rows.length - 1,
    };
    const to = moves[key];
    if (to !== undefined) {
      choose(to);
      return true;
    }
    const row = rows[at];
    if (row === undefined) return false;
    if (key === 'Enter') {
      props.onOpen?.(row);
      return true;
    }
    return props.onKey?.(key, row) ?? false;
  };

  return (
    <div
      ref={box}
      role="grid"
      aria-label={label}
      aria-rowcount={rows.length + 1}
      aria-colcount={columns.length}
      {...(at >= 0 ? { 'aria-activedescendant': `${id}-${at}` } : {})}
      tabIndex={0}
      onKeyDown={onKeyDown}
      className={classes('group/table relative min-h-0 flex-1 overflow-auto', at >= 0 ? 'outline-none' : 'outline-offset-[-2px]')}
    >
      <div style={{ gridTemplateColumns: tracks }} className="sticky top-0 z-10 grid border-b border-line bg-surface text-s text-ink-3" role="row">
        <span />
        {columns.map((column) => (
          <div
            key={column.key}
            role="columnheader"
            {...(column.sortable === true
              ? { 'aria-sort': sorting?.key === column.key ? (sorting.down ? ('descending' as const) : ('ascending' as const)) : ('none' as const) }
              : {})}
            className={classes('px-2.5 py-[7px] font-medium whitespace-nowrap', column.right === true && 'text-right')}
          >
            {column.sortable === true ? (
              <button
                type="button"
                tabIndex={-1}
                onClick={() => props.onSort?.(column.key)}
                className={classes('inline-flex items-center gap-0.5 rounded-s hover:text-ink', sorting?.key === column.key && 'text-ink-2')}
              >
                {column.title}
                {sorting?.key === column.key && <Icon name={sorting.down ? 'down' : 'up'} size={12} />}
              </button>
            ) : (
              column.title
            )}
          </div>
        ))}
        <span />
      </div>
      {rows.length === 0 ? (
        <div role="row">
          <div role="gridcell">{empty}</div>
        </div>
      ) : (
        <div role="presentation" className="relative" style={{ height: list.getTotalSize() }}>
          {list.getVirtualItems().map((item) => {
            const row = rows[item.index];
            if (row === undefined) return null;
            return (
              <TableRow<R>
                key={item.key}
                id={`${id}-${item.index}`}
                row={row}
                name={String(item.key)}
                index={item.index}
                top={item.start}
                height={height}
                tracks={tracks}
                columns={columns}
                chosen={item.index === at}
                onChoose={onChoose}
                onOpen={props.onOpen}
                acts={acts === undefined ? undefined : item.index === at ? acts(row) : null}
              />
            );
          })}
        </div>
      )}
    </div>
  );
}

interface RowProps<R> extends Pick<TableProps<R>, 'columns' | 'onChoose' | 'onOpen'> {
  /** Those of the chosen row; null for another one, undefined where rows have none. */
  readonly acts: ReactNode;
  readonly id: string;
  readonly row: R;
  /** Its key. */
  readonly name: string;
  readonly index: number;
  readonly top: number;
  readonly height: number;
  readonly tracks: string;
  readonly chosen: boolean;
}

/** Made anew only where it is another one: a scroll moves the list and changes none of its rows. */
const TableRow = memo(function TableRow<R>({ id, row, name, index, top, height, tracks, columns, chosen, onChoose, onOpen, acts }: RowProps<R>) {
  return (
    <div
      style={{ gridTemplateColumns: tracks, height, transform: `translateY(${String(top)}px)` }}
      id={id}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={chosen}
      onClick={() => onChoose(name)}
      onDoubleClick={() => onOpen?.(row)}
      className={classes(
        'absolute inset-x-0 grid items-center border-b border-line',
        chosen ? 'bg-accent-soft outline-accent -outline-offset-2 group-focus-visible/table:outline-2' : 'hover:bg-hover',
      )}
    >
      <span />
      {columns.map((column) => (
        <div
          key={column.key}
          role="gridcell"
          className={classes('min-w-0 overflow-hidden px-2.5 whitespace-nowrap', column.right === true && 'figures text-right')}
        >
          {column.cell(row)}
        </div>
      ))}
      {acts !== undefined && (
        <div role="gridcell" className="flex items-center justify-end gap-1.5 pr-5">
          {acts}
        </div>
      )}
    </div>
  );
}) as <R>(props: RowProps<R> & { readonly key?: Key }) => ReactNode;

function keyAt<R>(rows: readonly R[], keyOf: (row: R) => string, index: number): string | number {
  const row = rows[index];
  return row === undefined ? index : keyOf(row);
}
