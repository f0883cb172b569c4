import { useId } from 'react';
import type { InputHTMLAttributes, ReactNode, Ref, SelectHTMLAttributes } from 'react';
import { classes } from './classes.ts';
import { Icon } from './icons.tsx';

const box = 'h-7 w-full rounded-m border border-line-strong bg-surface px-2.5 placeholder:text-ink-3';

interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
  /** Left out where `aria-label` says what it is. */
  readonly label?: ReactNode;
  readonly hint?: ReactNode;
  readonly ref?: Ref<HTMLInputElement>;
}

/** A line of text with its name above it. */
export function Field({ label, hint, className, ...rest }: FieldProps) {
  const id = useId();
  return (
    <div className="grid gap-1">
      {label !== undefined && (
        <label htmlFor={id} className="text-s font-strong text-ink-2">
          {label}
        </label>
      )}
      <input
        id={id}
        className={classes(box, className)}
        autoComplete="off"
        spellCheck={false}
        {...(hint === undefined ? {} : { 'aria-describedby': `${id}-hint` })}
        {...rest}
      />
      {hint !== undefined && (
        <p id={`${id}-hint`} className="text-s text-ink-3">
          {hint}
        </p>
      )}
    </div>
  );
}

interface SelectProps<K extends string> extends Omit<SelectHTMLAttributes<HTMLSelectElement>, 'value' | 'onChange'> {
  /** Left out where `aria-label` says what it is. */
  readonly label?: ReactNode;
  readonly options: readonly { readonly key: K; readonly title: string }[];
  readonly value: K;
  readonly onChange: (key: K) => void;
}

/** One of a few words. */
export function Select<K extends string>({ label, options, value, onChange, className, ...rest }: SelectProps<K>) {
  const id = useId();
  return (
    <div className="grid min-w-0 gap-1">
      {label !== undefined && (
        <label htmlFor={id} className="text-s font-strong text-ink-2">
          {label}
        </label>
      )}
      <select
        id={id}
        value={value}
        onChange={(event) => {
          const chosen = options.find(({ key }) => key === event.target.value);
          if (chosen !== undefined) onChange(chosen.key);
        }}
        className={classes('h-7 w-full min-w-0 rounded-m border border-line-strong bg-surface px-2', className)}
        {...rest}
      >
        {options.map(({ key, title }) => (
          <option key={key} value={key}>
            {title}
          </option>
        ))}
      </select>
    </div>
  );
}

/** A field that narrows what is below it. */
export function Search({
  label,
  className,
  ...rest
}: InputHTMLAttributes<HTMLInputElement> & { readonly label: string; readonly ref?: Ref<HTMLInputElement> }) {
  return (
    <span className={classes('relative inline-flex items-center', className)}>
      <span className="pointer-events-none absolute left-2.5 text-ink-3">
        <Icon name="find" size={14} />
      </span>
      <input type="search" aria-label={label} placeholder={label} autoComplete="off" spellCheck={false} className={classes(box, 'pl-[30px]')} {...rest} />
    </span>
  );
}

/** One filter that is on or off, or opens its choices. */
export function Chip({ on, children, ...rest }: { readonly on: boolean; readonly children: ReactNode } & React.ButtonHTMLAttributes<HTMLButtonElement>) {
  return (
    <button
      type="button"
      className={classes(
        'inline-flex h-[26px] max-w-56 items-center gap-1 rounded-full border px-[9px] text-s whitespace-nowrap select-none',
        on ? 'border-accent bg-accent-soft text-accent-text' : 'border-line text-ink-2 hover:bg-hover',
      )}
      {...rest}
    >
      {children}
    </button>
  );
}

interface Choice<K extends string> {
  readonly key: K;
  readonly title: ReactNode;
  readonly text: ReactNode;
}

/** A few ways to go on, one of which is chosen: each with what it means. */
export function Choices<K extends string>({ label, choices, value, onChange, disabled = false, columns = 2 }: ChoicesProps<K>) {
  const name = useId();
  return (
    <fieldset disabled={disabled} className="min-w-0">
      <legend className="mb-1.5 text-s font-semibold text-ink-2">{label}</legend>
      <div className={classes('grid gap-2', columns === 2 ? 'grid-cols-2' : 'grid-cols-3')}>
        {choices.map((choice) => (
          <label
            key={choice.key}
            className={classes(
              'relative grid content-start gap-px rounded-m border px-[11px] py-[9px] has-[:focus-visible]:outline-2 has-[:focus-visible]:outline-offset-1 has-[:focus-visible]:outline-accent',
              choice.key === value ? 'border-accent bg-accent-soft' : 'border-line hover:bg-hover',
              disabled && 'opacity-60',
            )}
          >
            <input type="radio" name={name} className="absolute size-px opacity-0" checked={choice.key === value} onChange={() => onChange(choice.key)} />
            <span className="font-strong">{choice.title}</span>
            <span className="text-s text-ink-2">{choice.text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

interface ChoicesProps<K extends string> {
  readonly label: string;
  readonly choices: readonly Choice<K>[];
  readonly value: K;
  readonly onChange: (key: K) => void;
  readonly disabled?: boolean;
  readonly columns?: 2 | 3;
}
