import { Menu as Base } from '@base-ui/react/menu';
import type { ReactElement, ReactNode } from 'react';
import { classes } from './classes.ts';

export interface MenuAct {
  readonly key: string;
  readonly title: ReactNode;
  readonly hint?: ReactNode;
  readonly danger?: boolean;
  readonly checked?: boolean;
  readonly disabled?: boolean;
  readonly act: () => void;
}

/** Acts behind one button. `trigger` is that button; `label` names the list. */
export function Menu({ trigger, label, acts }: { readonly trigger: ReactElement; readonly label: string; readonly acts: readonly (MenuAct | 'line')[] }) {
  return (
    <Base.Root>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner sideOffset={4} align="end" className="z-50">
          <Base.Popup aria-label={label} className="rises float max-h-[60vh] max-w-[360px] min-w-[190px] overflow-auto rounded-m p-1 outline-none">
            {acts.map((act, at) =>
              act === 'line' ? (
                <Base.Separator key={`line-${String(at)}`} className="my-1 h-px bg-line" />
              ) : (
                <Base.Item
                  key={act.key}
                  disabled={act.disabled === true}
                  onClick={act.act}
                  className={classes(
                    'flex h-7 items-center gap-2 rounded-s px-2 outline-none select-none data-[disabled]:opacity-50 data-[highlighted]:bg-accent-soft',
                    act.danger === true && 'text-bad',
                    act.checked === true && 'font-strong',
                  )}
                >
                  <span className="flex min-w-0 flex-1 items-center gap-2">{act.title}</span>
                  {act.hint !== undefined && <span className="text-s text-ink-3">{act.hint}</span>}
                </Base.Item>
              ),
            )}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
