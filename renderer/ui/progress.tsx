import { classes } from './classes.ts';

/** How far something is; without a share it is not known, and the bar says so by being striped and still. */
export function ProgressBar({ share, label, className }: { readonly share: number | undefined; readonly label: string; readonly className?: string }) {
  const part = share === undefined ? 1 : Math.min(1, Math.max(0, share));
  const known = share === undefined ? {} : { 'aria-valuenow': Math.round(part * 100) };
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      {...known}
      className={classes('h-1 overflow-hidden rounded-sm bg-line', className)}
    >
      <div style={{ width: `${String(part * 100)}%` }} className={classes('h-full rounded-sm', share === undefined ? 'bg-line-strong' : 'bg-accent')} />
    </div>
  );
}
