import type { CommandOutput } from '../../../electron/contract/commands.ts';
import { ago, counted } from '../../ui/format.ts';

type Checked = CommandOutput<'repository.checks'>['checks'][number];

export interface Situation {
  readonly title: string;
  readonly lead: string;
  readonly tone: 'plain' | 'warn' | 'bad';
}

/** After so long without a look at every byte the page says that it is time. */
const longMs = 31 * 86_400_000;

/** Whether what is stored is known to be intact: what is damaged comes first, then when everything was read last. */
export function situationOf(checks: readonly Checked[], damaged: number, snapshots: number, now: number): Situation {
  const [newest] = checks;
  if (damaged > 0)
    return {
      title: `${counted(damaged, 'problem')} ${damaged === 1 ? 'is' : 'are'} known`,
      lead: 'What they hit is named below. The rest can be restored.',
      tone: 'bad',
    };
  if (snapshots === 0) return { title: 'Nothing is stored yet', lead: 'The first snapshot begins it.', tone: 'plain' };
  if (newest === undefined)
    return { title: 'The repository was never read as a whole', lead: 'A check reads every byte and tells whether each is as it was written.', tone: 'warn' };
  if (!newest.passed) return { title: `A check ${ago(newest.at, now)} found problems`, lead: 'Check again to see what they hit.', tone: 'bad' };
  const lead = newest.level === 'decoded' ? 'All was read, authenticated and decoded.' : 'All was read and authenticated.';
  return now - newest.at > longMs
    ? { title: `Read as a whole ${ago(newest.at, now)}`, lead: `${lead} It is time for another check.`, tone: 'warn' }
    : { title: `Every byte was sound ${ago(newest.at, now)}`, lead, tone: 'plain' };
}
