import { useState } from 'react';
import type { Drill } from '../../../electron/contract/drills.ts';
import { useAnswer, useRefresh } from '../../api/host.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { Field, Select } from '../../ui/fields.tsx';
import { exactTime } from '../../ui/format.ts';
import { Icon } from '../../ui/icons.tsx';
import { Name } from '../../ui/name.tsx';
import { Prose } from '../../ui/prose.tsx';
import { lines } from '../shared/lines.ts';
import { useWork } from '../shared/work.ts';
import { userOf } from './user.ts';
import { WriteButton } from '../shared/writing.tsx';

/** What people said of a drill, and a place to say more: it belongs to the record, with name and time, and is never taken back. */
export function Remarks({ drill }: { readonly drill: Drill }) {
  const work = useWork();
  const refresh = useRefresh();
  const folder = useAnswer('sources.overview', {}).data?.userFolder;
  const [kind, setKind] = useState<'note' | 'blocker'>('note');
  const [text, setText] = useState('');
  const [typed, setTyped] = useState<string>();
  const by = typed ?? userOf(folder);
  const ready = text.trim() !== '' && by.trim() !== '';
  const add = async (): Promise<void> => {
    const kept = await work('drill.remark', {
      drill: drill.id,
      by: by.trim(),
      notes: kind === 'note' ? [text.trim()] : [],
      blockers: kind === 'blocker' ? [text.trim()] : [],
    });
    if (kept === undefined) return;
    setText('');
    refresh(['drill.show', 'drill.list']);
  };
  const said = [...drill.blockers.map((one) => ({ ...one, blocker: true })), ...drill.notes.map((one) => ({ ...one, blocker: false }))];
  return (
    <section aria-label="Remarks" className="grid gap-2">
      <h3 className="text-s font-semibold text-ink-2">Remarks</h3>
      <ul className="grid gap-1.5">
        {said.map((one, at) => (
          <li key={`${String(one.at)} ${String(at)}`} className="grid grid-cols-[18px_1fr] gap-2">
            <span className={`pt-0.5 ${one.blocker ? 'text-warn' : 'text-ink-3'}`}>
              <Icon name={one.blocker ? 'alert' : 'journal'} size={15} />
            </span>
            <div className="min-w-0">
              {one.blocker && <b className="font-strong text-warn">Blocker: </b>}
              <Prose text={one.text} />
              <div className="flex min-w-0 gap-1 text-s text-ink-3">
                <Name text={one.by} />, {exactTime(one.at)}
              </div>
            </div>
          </li>
        ))}
      </ul>
      <form
        className="grid gap-2"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) void add();
        }}
      >
        <div className="grid grid-cols-[110px_1fr_120px_auto] items-end gap-2">
          <Select
            label="Kind"
            value={kind}
            onChange={setKind}
            options={[
              { key: 'note', title: 'Note' },
              { key: 'blocker', title: 'Blocker' },
            ]}
          />
          <Field label="Remark" value={text} onChange={(event) => setText(event.target.value)} maxLength={4000} />
          <Field label="By" value={by} onChange={(event) => setTyped(event.target.value)} maxLength={200} />
          <WriteButton type="submit" disabled={!ready}>
            Add
          </WriteButton>
        </div>
        {text.trim() !== '' && <CommandLine line={lines.drillNote(drill.id, kind, text.trim())} />}
      </form>
    </section>
  );
}
