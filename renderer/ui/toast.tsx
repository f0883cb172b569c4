import { Toast as Base } from '@base-ui/react/toast';
import type { ReactNode } from 'react';
import { buttonLook, IconButton } from './button.tsx';
import { classes } from './classes.ts';
import { Icon } from './icons.tsx';
import { Prose } from './prose.tsx';

export interface Told {
  readonly title: string;
  readonly text?: string | undefined;
  readonly tone?: 'plain' | 'bad';
  /** What takes it back, or what comes next. */
  readonly action?: { readonly label: string; readonly act: () => void } | undefined;
  /** How long it stays, milliseconds; 0: until it is closed. */
  readonly stays?: number;
}

const manager = Base.createToastManager();

/** Tells something at the edge of the window, on whatever page. */
export function tell({ title, text, tone = 'plain', action, stays }: Told): void {
  const id = manager.add({
    title,
    type: tone,
    priority: tone === 'bad' ? 'high' : 'low',
    timeout: stays ?? (tone === 'bad' ? 0 : action === undefined ? 6000 : 20_000),
    ...(text === undefined ? {} : { description: text }),
    ...(action === undefined
      ? {}
      : {
          actionProps: {
            children: action.label,
            onClick: () => {
              manager.close(id);
              action.act();
            },
          },
        }),
  });
}

function Words({ text }: { readonly text: ReactNode }) {
  return typeof text === 'string' ? <Prose text={text} /> : text;
}

function Toasts() {
  const { toasts } = Base.useToastManager();
  return (
    <Base.Viewport className="fixed right-4 bottom-12 z-[60] grid w-[400px] max-w-[calc(100vw-32px)] gap-2" aria-label="Notices">
      {toasts.map((toast) => (
        <Base.Root key={toast.id} toast={toast} className="rises float flex items-start gap-3 rounded-l py-2.5 pr-2.5 pl-3.5" swipeDirection={[]}>
          <span className={classes('mt-0.5', toast.type === 'bad' ? 'text-bad' : 'text-ink-2')}>
            <Icon name={toast.type === 'bad' ? 'alert' : 'check'} />
          </span>
          <Base.Content className="min-w-0 flex-1">
            <Base.Title className="font-strong">
              <Words text={toast.title} />
            </Base.Title>
            <Base.Description className="text-ink-2">
              <Words text={toast.description} />
            </Base.Description>
          </Base.Content>
          {toast.actionProps !== undefined && <Base.Action className={buttonLook('plain', true)} />}
          <Base.Close render={<IconButton label="Close the notice" />}>
            <Icon name="close" size={14} />
          </Base.Close>
        </Base.Root>
      ))}
    </Base.Viewport>
  );
}

/** Where notices appear; once, in the frame. */
export function ToastArea() {
  return (
    <Base.Provider toastManager={manager} limit={4}>
      <Base.Portal>
        <Toasts />
      </Base.Portal>
    </Base.Provider>
  );
}
