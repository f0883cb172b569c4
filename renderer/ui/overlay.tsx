import { Dialog as Base } from '@base-ui/react/dialog';
import { useRef } from 'react';
import type { ReactNode, RefObject } from 'react';
import { classes } from './classes.ts';
import { Icon } from './icons.tsx';

interface OverlayProps {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  readonly title: ReactNode;
  readonly lead?: ReactNode;
  readonly children: ReactNode;
  readonly footer?: ReactNode;
  /** What gets the focus when it opens; else its first control. */
  readonly initialFocus?: RefObject<HTMLElement | null>;
}

function Head({ title, lead }: Pick<OverlayProps, 'title' | 'lead'>) {
  return (
    <header className="flex items-start gap-3 border-b border-line px-[22px] pt-[18px] pb-3">
      <div className="min-w-0 flex-1">
        <Base.Title className="text-[1.0625rem] leading-6 font-bold tracking-[-0.01em]">{title}</Base.Title>
        {lead !== undefined && <Base.Description className="text-ink-2">{lead}</Base.Description>}
      </div>
      <Base.Close aria-label="Close" title="Close" className="inline-grid size-6 place-items-center rounded-s text-ink-2 hover:bg-hover hover:text-ink">
        <Icon name="close" />
      </Base.Close>
    </header>
  );
}

/** A surface from the right for one task with several steps. Escape closes it. */
export function Sheet({ open, onOpenChange, title, lead, children, footer, initialFocus }: OverlayProps) {
  const body = useRef<HTMLDivElement>(null);
  const first = (): HTMLElement | null => initialFocus?.current ?? body.current?.querySelector<HTMLElement>('input:checked, input, button') ?? null;
  return (
    <Base.Root open={open} onOpenChange={(next) => onOpenChange(next)}>
      <Base.Portal>
        <Base.Backdrop className="veil" />
        <Base.Popup
          initialFocus={() => first()}
          className="slides float fixed inset-y-0 right-0 z-50 flex w-[620px] max-w-[calc(100vw-48px)] flex-col border-y-0 border-r-0"
        >
          <Head title={title} lead={lead} />
          <div ref={body} className="grid flex-1 content-start gap-[18px] overflow-auto px-[22px] py-4">
            {children}
          </div>
          {footer !== undefined && <footer className="flex items-center gap-2 border-t border-line px-[22px] py-3">{footer}</footer>}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

/** A small surface in the middle for one question. */
export function Dialog({ open, onOpenChange, title, lead, children, footer, initialFocus }: OverlayProps) {
  const body = useRef<HTMLDivElement>(null);
  const first = (): HTMLElement | null => initialFocus?.current ?? body.current?.querySelector<HTMLElement>('input:checked, input, select, button') ?? null;
  return (
    <Base.Root open={open} onOpenChange={(next) => onOpenChange(next)}>
      <Base.Portal>
        <Base.Backdrop className="veil" />
        <Base.Popup
          initialFocus={() => first()}
          className="rises float fixed inset-x-0 top-[14vh] z-50 mx-auto flex max-h-[76vh] w-[480px] max-w-[calc(100vw-48px)] flex-col rounded-l"
        >
          <Head title={title} lead={lead} />
          <div ref={body} className="grid content-start gap-4 overflow-auto px-[22px] py-4">
            {children}
          </div>
          {footer !== undefined && <footer className="flex items-center justify-end gap-2 border-t border-line px-[22px] py-3">{footer}</footer>}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

/** A bare surface near the top, for what has a head of its own. `label` is its name. */
export function Panel({ open, onOpenChange, label, children, className, initialFocus }: PanelProps) {
  return (
    <Base.Root open={open} onOpenChange={(next) => onOpenChange(next)}>
      <Base.Portal>
        <Base.Backdrop className="veil" />
        <Base.Popup
          aria-label={label}
          {...(initialFocus === undefined ? {} : { initialFocus })}
          className={classes('rises float fixed inset-x-0 top-[9vh] z-50 mx-auto overflow-hidden rounded-l', className)}
        >
          {children}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

interface PanelProps extends Pick<OverlayProps, 'open' | 'onOpenChange' | 'children' | 'initialFocus'> {
  readonly label: string;
  readonly className?: string;
}
