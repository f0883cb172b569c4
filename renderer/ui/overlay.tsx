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
  /** Neither Escape nor a click beside it closes it: its buttons do. */
  readonly mustAnswer?: boolean;
  /** What gets the focus when it opens; else its first control. */
  readonly initialFocus?: RefObject<HTMLElement | null>;
}

/** The second click of a double click on the button that opened it falls beside it: it does not close it again. */
function isDoubleClick({ reason, event }: Base.Root.ChangeEventDetails): boolean {
  return reason === 'outside-press' && event instanceof UIEvent && event.detail > 1;
}

function Head({ title, lead, mustAnswer }: Pick<OverlayProps, 'title' | 'lead' | 'mustAnswer'>) {
  return (
    <header className="flex items-start gap-3 border-b border-line px-[22px] pt-[18px] pb-3">
      <div className="min-w-0 flex-1">
        <Base.Title className="text-[1.0625rem] leading-6 font-bold tracking-[-0.01em]">{title}</Base.Title>
        {lead !== undefined && <Base.Description className="text-ink-2">{lead}</Base.Description>}
      </div>
      {mustAnswer !== true && (
        <Base.Close aria-label="Close" title="Close" className="inline-grid size-6 place-items-center rounded-s text-ink-2 hover:bg-hover hover:text-ink">
          <Icon name="close" />
        </Base.Close>
      )}
    </header>
  );
}

const shapes = {
  sheet: {
    popup: 'slides inset-y-0 right-0 w-[620px] border-y-0 border-r-0',
    body: 'flex-1 gap-[18px]',
    footer: '',
  },
  dialog: {
    popup: 'rises inset-x-0 top-[14vh] mx-auto max-h-[76vh] w-[480px] rounded-l',
    body: 'gap-4',
    footer: 'justify-end',
  },
} as const;

/** One task over the page: head, what it is about, and what can be done. Escape closes it. */
function Surface({
  shape,
  open,
  onOpenChange,
  title,
  lead,
  children,
  footer,
  mustAnswer,
  initialFocus,
}: OverlayProps & { readonly shape: keyof typeof shapes }) {
  const body = useRef<HTMLDivElement>(null);
  const looks = shapes[shape];
  // Where the body has no control, the surface itself: it is read out, and Enter does nothing by accident.
  const first = (): HTMLElement | true => initialFocus?.current ?? body.current?.querySelector<HTMLElement>('input:checked, input, select, button') ?? true;
  return (
    <Base.Root open={open} onOpenChange={(next, how) => mustAnswer !== true && !isDoubleClick(how) && onOpenChange(next)}>
      <Base.Portal>
        <Base.Backdrop className="veil" />
        <Base.Popup initialFocus={() => first()} className={classes('float fixed z-50 flex max-w-[calc(100vw-48px)] flex-col', looks.popup)}>
          <Head title={title} lead={lead} {...(mustAnswer === undefined ? {} : { mustAnswer })} />
          <div ref={body} className={classes('grid auto-rows-max content-start overflow-auto px-[22px] py-4', looks.body)}>
            {children}
          </div>
          {footer !== undefined && <footer className={classes('flex items-center gap-2 border-t border-line px-[22px] py-3', looks.footer)}>{footer}</footer>}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

/** From the right, for one task with several steps. */
export function Sheet(props: OverlayProps) {
  return <Surface shape="sheet" {...props} />;
}

/** In the middle, for one question. */
export function Dialog(props: OverlayProps) {
  return <Surface shape="dialog" {...props} />;
}

/** A bare surface near the top, for what has a head of its own. `label` is its name. */
export function Panel({ open, onOpenChange, label, children, className, initialFocus }: PanelProps) {
  return (
    <Base.Root open={open} onOpenChange={(next, how) => !isDoubleClick(how) && onOpenChange(next)}>
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
