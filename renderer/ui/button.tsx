import type { ButtonHTMLAttributes, Ref } from 'react';
import { classes } from './classes.ts';

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** `primary`: the one act that the page is about; `danger`: what destroys or overwrites. */
  readonly kind?: 'primary' | 'plain' | 'quiet' | 'danger' | 'bad';
  readonly small?: boolean;
  readonly ref?: Ref<HTMLButtonElement>;
}

const looks = {
  primary: 'border-accent bg-accent text-accent-ink hover:bg-accent-hover hover:border-accent-hover',
  plain: 'border-line-strong bg-surface text-ink hover:bg-hover',
  quiet: 'border-transparent bg-transparent text-accent-text hover:bg-hover',
  danger: 'border-bad-line bg-surface text-bad hover:bg-bad-soft',
  bad: 'border-bad bg-bad text-surface',
} as const;

/** The class names of a button, for elements that a library renders. */
export function buttonLook(kind: keyof typeof looks = 'plain', small = false): string {
  return classes(
    'inline-flex items-center justify-center gap-1.5 border rounded-m font-medium whitespace-nowrap select-none',
    'disabled:opacity-50 aria-disabled:opacity-50',
    small ? 'h-6 px-2 text-s' : 'h-7 px-[11px] text-m',
    looks[kind],
  );
}

export function Button({ kind = 'plain', small = false, className, type = 'button', ...rest }: ButtonProps) {
  return <button type={type} className={classes(buttonLook(kind, small), className)} {...rest} />;
}

/** A button that shows an icon alone; `label` is its name. */
export function IconButton({ label, className, ...rest }: Omit<ButtonProps, 'aria-label'> & { readonly label: string }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={classes('inline-grid place-items-center size-6 rounded-s text-ink-2 hover:bg-hover hover:text-ink disabled:opacity-50', className)}
      {...rest}
    />
  );
}
