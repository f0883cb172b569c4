import { useAnswer } from '../api/host.tsx';
import { useActs } from '../features/shared/acts.ts';
import { WriteButton } from '../features/shared/writing.tsx';
import { BelayMark, Icon } from '../ui/icons.tsx';
import { Kbd } from '../ui/marks.tsx';

export function TopBar() {
  const acts = useActs();
  const some = (useAnswer('sources.overview', {}).data?.sources.length ?? 0) > 0;
  const apple = navigator.userAgent.includes('Mac');
  return (
    <header className="col-span-full flex items-center gap-3 border-b border-line bg-surface pr-3 pl-3.5">
      <div className="flex w-[182px] shrink-0 items-center gap-2 font-bold tracking-[-0.01em]">
        <span className="text-accent">
          <BelayMark />
        </span>
        Belay
      </div>
      <button
        type="button"
        onClick={() => acts.find()}
        className="mx-auto flex h-7 w-[460px] min-w-0 items-center gap-2 rounded-m border border-line bg-bg pr-2 pl-2.5 text-ink-3 hover:border-line-strong"
      >
        <Icon name="find" size={14} />
        <span className="truncate">Find a source, snapshot or command</span>
        <span className="ml-auto">
          <Kbd>{apple ? '⌘ K' : 'Ctrl K'}</Kbd>
        </span>
      </button>
      <div className="flex min-w-[110px] shrink-0 justify-end">
        {some && (
          <WriteButton kind="primary" onClick={() => acts.snapWith()}>
            Snapshot now
          </WriteButton>
        )}
      </div>
    </header>
  );
}
