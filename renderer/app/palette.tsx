import { useEffect, useEffectEvent, useId, useRef, useState } from 'react';
import type { KeyboardEvent } from 'react';
import { Panel } from '../ui/overlay.tsx';
import { classes } from '../ui/classes.ts';
import { Icon } from '../ui/icons.tsx';
import { Kbd } from '../ui/marks.tsx';
import { useActs } from '../features/shared/acts.ts';
import { useEntries } from './palette-entries.tsx';

/** Finds any source, snapshot or command, and does it. Ctrl or Cmd with K opens it from anywhere. */
export function Palette({ open, onClose }: { readonly open: boolean; readonly onClose: () => void }) {
  const acts = useActs();
  const find = useEffectEvent(() => acts.find());
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey || event.key.toLowerCase() !== 'k') return;
      event.preventDefault();
      find();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  const field = useRef<HTMLInputElement>(null);
  return (
    <Panel open={open} onOpenChange={onClose} label="Find a source, snapshot or command" className="w-[620px] max-w-[calc(100vw-48px)]" initialFocus={field}>
      <Finder onClose={onClose} field={field} />
    </Panel>
  );
}

function Finder({ onClose, field }: { readonly onClose: () => void; readonly field: React.RefObject<HTMLInputElement | null> }) {
  const id = useId();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const entries = useEntries(text);
  const chosen = Math.min(at, entries.length - 1);
  const act = (index: number): void => {
    const entry = entries[index];
    if (entry === undefined) return;
    onClose();
    entry.act();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const moves: Readonly<Record<string, number>> = { ArrowDown: chosen + 1, ArrowUp: chosen - 1, Home: 0, End: entries.length - 1 };
    const to = moves[event.key];
    if (to !== undefined) {
      event.preventDefault();
      setAt(Math.max(0, Math.min(entries.length - 1, to)));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      act(chosen);
    }
  };
  return (
    <>
      <div className="flex items-center gap-2.5 border-b border-line px-4">
        <span className="text-ink-3">
          <Icon name="find" />
        </span>
        <input
          ref={field}
          role="combobox"
          aria-label="Find a source, snapshot or command"
          aria-expanded="true"
          aria-controls={`${id}-list`}
          {...(chosen >= 0 ? { 'aria-activedescendant': `${id}-${String(chosen)}` } : {})}
          className="h-11 min-w-0 flex-1 bg-transparent text-l outline-none placeholder:text-ink-3"
          placeholder="Find a source, snapshot or command"
          autoComplete="off"
          spellCheck={false}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
        />
        <Kbd>Esc</Kbd>
      </div>
      <ul id={`${id}-list`} role="listbox" aria-label="Found" className="max-h-[52vh] overflow-auto p-1.5">
        {entries.map((entry, index) => (
          <li
            key={entry.key}
            id={`${id}-${String(index)}`}
            ref={index === chosen ? (option) => option?.scrollIntoView({ block: 'nearest' }) : undefined}
            role="option"
            aria-selected={index === chosen}
            onPointerMove={() => setAt(index)}
            onClick={() => act(index)}
            className={classes('flex h-8 min-w-0 items-center gap-2.5 rounded-m px-2.5', index === chosen && 'bg-accent-soft')}
          >
            {entry.mark}
            <span className="flex min-w-0 items-center gap-2">{entry.title}</span>
            <span className="ml-auto shrink-0 truncate pl-3 font-mono text-xs text-ink-3">{entry.line}</span>
          </li>
        ))}
        {entries.length === 0 && <li className="px-3 py-6 text-center text-ink-2">Nothing here is called that.</li>}
      </ul>
    </>
  );
}
