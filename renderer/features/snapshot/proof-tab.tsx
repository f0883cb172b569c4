import { useAnswer } from '../../api/host.tsx';
import { useNow } from '../../ui/clock.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { clockTime, day, duration, exactTime } from '../../ui/format.ts';
import { Icon } from '../../ui/icons.tsx';
import { Name } from '../../ui/name.tsx';
import { levelWord, ProofSteps } from '../../ui/proof.tsx';
import { lines } from '../shared/lines.ts';
import { capital } from '../shared/titles.ts';
import type { Shown } from './snapshot-page.tsx';

type Level = Shown['proofs'][number];

/** The four levels, each with its date and what was seen: none is implied by another. */
export function ProofCards({ shown }: { readonly shown: Shown }) {
  const drill = useAnswer('sources.overview', {}).data?.sources.find((one) => one.source.name === shown.snapshot.source)?.drill;
  return (
    <section aria-label="Proof" className="shrink-0 px-6 pb-3">
      <ul className="grid grid-cols-4 overflow-hidden rounded-l border border-line">
        {shown.proofs.map((proof) => (
          <li key={proof.level} className="grid content-start gap-0.5 border-r border-line px-3.5 py-3 last:border-r-0">
            <span className="inline-flex items-center gap-[7px]">
              <ProofSteps level={proof.result === 'passed' && !overtaken(proof, shown.proofs) ? proof.level : undefined} failing={proof.result === 'failed'} />
              <b className="font-semibold">{levelWord(proof.level)}</b>
            </span>
            <Told proof={proof} past={overtaken(proof, shown.proofs)} />
            <span className="line-clamp-2 text-s leading-4 text-ink-3">
              {statementOf(proof, shown) ??
                (drill?.recoveryMs === undefined
                  ? 'Prove it restores it into a throw-away copy and compares'
                  : `The last drill took ${duration(drill.recoveryMs)}`)}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Whether a level at or below it failed since: what it showed then does not hold any more. */
function overtaken({ level, at, result }: Level, proofs: readonly Level[]): boolean {
  if (result !== 'passed') return false;
  const own = proofs.findIndex((one) => one.level === level);
  return proofs.some((one, order) => order <= own && one.result === 'failed' && (one.at ?? 0) >= (at ?? 0));
}

function Told({ proof, past }: { readonly proof: Level; readonly past: boolean }) {
  const now = useNow();
  if (proof.result === 'failed')
    return (
      <span className="text-s text-bad">
        failed{proof.at === undefined ? '' : `, ${day(proof.at, now).replace(/^[TY]/, (letter) => letter.toLowerCase())}`}
      </span>
    );
  if (proof.result === 'inconclusive') return <span className="text-s text-warn">could not be told</span>;
  if (proof.at === undefined) return <span className="text-s text-ink-2">not yet</span>;
  return (
    <time dateTime={new Date(proof.at).toISOString()} title={exactTime(proof.at)} className="text-s text-ink-2">
      {day(proof.at, now).startsWith('Today') ? clockTime(proof.at, true) : day(proof.at, now)}
      {past && ', before a level below failed'}
    </time>
  );
}

function statementOf({ evidence, level }: Level, { objectsTotal, proofs }: Shown): string | undefined {
  const statement = evidence?.['statement'];
  if (typeof statement === 'string') return statement;
  const captured = proofs.find((one) => one.level === 'captured');
  return level === 'captured' && captured?.result === 'passed' ? `${String(objectsTotal)} objects, every stream ended well` : undefined;
}

/** Everything that was seen when a level was tried, and when. */
export function ProofTab({ shown }: { readonly shown: Shown }) {
  const now = useNow();
  return (
    <div className="grid min-h-0 flex-1 content-start gap-5 overflow-auto px-6 py-4">
      {shown.proofs.map((proof) => (
        <section key={proof.level} aria-label={levelWord(proof.level)} className="grid gap-1">
          <h3 className="flex items-center gap-2 font-semibold">
            {levelWord(proof.level)}
            {proof.at !== undefined && (
              <span className="font-normal text-ink-3" title={exactTime(proof.at)}>
                {day(proof.at, now, true)}
              </span>
            )}
          </h3>
          <p className="text-ink-2">{statementOf(proof, shown) ?? 'Not tried yet.'}</p>
          {listOf(proof, 'checks').map((check) => (
            <p key={textOf(check, 'name')} className="flex min-w-0 items-center gap-2 text-ink-2">
              <span className={textOf(check, 'result') === 'failed' ? 'text-bad' : 'text-ink-3'}>
                <Icon name={textOf(check, 'result') === 'failed' ? 'alert' : 'check'} size={14} />
              </span>
              <Name text={capital(textOf(check, 'name'))} className="max-w-72" />
              <span className="[overflow-wrap:anywhere] text-ink-3">{textOf(check, 'statement')}</span>
            </p>
          ))}
          {listOf(proof, 'differences').map((one) => (
            <p key={`${textOf(one, 'kind')} ${textOf(one, 'name')} ${textOf(one, 'what')}`} className="flex min-w-0 gap-2">
              <Name mono text={textOf(one, 'name')} className="max-w-72 text-bad" />
              <span className="[overflow-wrap:anywhere] text-ink-2">{textOf(one, 'statement')}</span>
            </p>
          ))}
          {listOf(proof, 'endProofs').map((one) => (
            <p key={textOf(one, 'stream')} className="flex min-w-0 gap-2 text-ink-2">
              <Name mono text={textOf(one, 'stream')} className="max-w-72" />
              <span className="[overflow-wrap:anywhere] text-ink-3">{textOf(one, 'proof')}</span>
            </p>
          ))}
        </section>
      ))}
      <section aria-label="History" className="grid gap-1">
        <h3 className="font-semibold">History</h3>
        <ul>
          {shown.history.map((one, at) => (
            <li key={`${String(one.at)}-${String(at)}`} className="grid h-6 grid-cols-[190px_1fr] items-center">
              <time className="text-ink-3" dateTime={new Date(one.at).toISOString()} title={exactTime(one.at)}>
                {day(one.at, now, true)}
              </time>
              <Name text={capital(one.statement)} />
            </li>
          ))}
        </ul>
      </section>
      <CommandLine line={lines.verify(shown.snapshot)} />
    </div>
  );
}

type Fact = Readonly<Record<string, unknown>>;

function listOf({ evidence }: Level, field: string): readonly Fact[] {
  const list: unknown = evidence?.[field];
  return Array.isArray(list) ? list.filter((one): one is Fact => typeof one === 'object' && one !== null) : [];
}

function textOf(fact: Fact, field: string): string {
  const value = fact[field];
  return typeof value === 'string' ? value : '';
}
