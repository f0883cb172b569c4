import type { CommandOutput } from '../../../electron/contract/commands.ts';
import { useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { counted, size } from '../../ui/format.ts';
import { Notice } from '../../ui/marks.tsx';
import type { Told } from '../../ui/toast.tsx';
import { Failure } from '../shared/failure.tsx';
import { lines } from '../shared/lines.ts';
import { ProgressLine } from '../shared/progress-line.tsx';
import { useRun } from '../shared/run.ts';
import { Section } from './section.tsx';

type Answer = CommandOutput<'repository.collect'>;

/** What a deletion would free: looked at first, done by exactly that plan. */
export function CollectPanel({ quarantine, readOnly }: { readonly quarantine: number; readonly readOnly: boolean }) {
  const collect = useRun('repository.collect', told);
  const [purgeNow, setPurgeNow] = useState(false);
  const { state } = collect;
  if (readOnly)
    return (
      <Section title="Free space" text="The repository can only be read from here: nothing of it can be freed.">
        <CommandLine line={lines.collect(false, true)} />
      </Section>
    );
  const answer = state.kind === 'done' ? state.output : undefined;
  const planned = answer?.done === undefined ? answer?.plan : undefined;
  const some = planned !== undefined && planned.freesNow + planned.freesAfter + planned.packsDropped + planned.packsRewritten > 0;
  return (
    <Section title="Free space" text="What no snapshot needs any more leaves in two steps, so that nothing is gone by mistake.">
      <label className="flex items-start gap-2">
        <input
          type="checkbox"
          className="mt-[3px]"
          checked={purgeNow}
          disabled={state.kind === 'running'}
          onChange={(event) => {
            setPurgeNow(event.target.checked);
            collect.clear();
          }}
        />
        <span>
          Remove at once what is in quarantine{quarantine > 0 && ` (${size(quarantine)})`}
          <span className="block text-s text-ink-2">For a full disk. Needs one check of every byte that passed since, in place of two.</span>
        </span>
      </label>
      {planned !== undefined && <Plan plan={planned} some={some} />}
      {answer?.done !== undefined && <Done done={answer.done} />}
      {state.kind === 'failed' && <Failure error={state.error} />}
      {state.kind === 'running' ? (
        <ProgressLine what="Free space" progress={state.progress} onStop={collect.stop} />
      ) : (
        <div className="flex flex-wrap items-center gap-2">
          {planned !== undefined && some && (
            <Button kind="danger" onClick={() => void collect.start({ purgeNow, confirm: planned.hash })}>
              Free it
            </Button>
          )}
          <Button onClick={() => void collect.start({ purgeNow })}>{answer === undefined ? 'See what it would free' : 'Look again'}</Button>
          <CommandLine line={lines.collect(purgeNow, !some)} />
        </div>
      )}
    </Section>
  );
}

function Plan({ plan, some }: { readonly plan: Answer['plan']; readonly some: boolean }) {
  return (
    <div role="status" className="grid gap-1">
      {some ? (
        <dl className="grid grid-cols-[max-content_1fr] gap-x-4 gap-y-0.5">
          <Fact name="Frees at once">{size(plan.freesNow)}</Fact>
          <Fact name="Frees later, from quarantine">{size(plan.freesAfter)}</Fact>
          <Fact name="Packs taken out">{String(plan.packsDropped)}</Fact>
          <Fact name="Packs written anew">{`${String(plan.packsRewritten)} (${size(plan.bytesRewritten)})`}</Fact>
          {plan.rebased > 0 && <Fact name="Pieces that give way to newer content">{plan.rebased.toLocaleString('en')}</Fact>}
        </dl>
      ) : (
        <p>Nothing can be freed now: every byte is needed by a snapshot that is kept.</p>
      )}
      {plan.skipped.map((reason) => (
        <p key={reason} className="text-s text-ink-2">
          {reason}
        </p>
      ))}
    </div>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: string }) {
  return (
    <>
      <dt className="text-ink-2">{name}</dt>
      <dd className="figures">{children}</dd>
    </>
  );
}

function Done({ done }: { readonly done: NonNullable<Answer['done']> }) {
  return (
    <Notice tone="plain" title={`Freed ${size(done.freed)}`}>
      {doneWords(done)}
      {done.notes.map((note) => (
        <span key={note} className="block">
          {note}
        </span>
      ))}
    </Notice>
  );
}

function doneWords({ quarantined, packsDropped, rewritten }: NonNullable<Answer['done']>): string {
  return [
    `${counted(packsDropped, 'pack')} taken out${rewritten === 0 ? '' : `, ${size(rewritten)} written anew`}.`,
    ...(quarantined === 0 ? [] : [`${size(quarantined)} went into quarantine: it can be put back, and is removed after two later checks of every byte.`]),
  ].join(' ');
}

function told({ done }: Answer): Told {
  return done === undefined ? { title: 'What could be freed was looked at' } : { title: `Freed ${size(done.freed)}`, text: doneWords(done) };
}
