import type { SnapshotSummary, Source } from '../../contract/model.ts';
import { SAFETY_TAG } from '../catalog/refs.ts';
import type { Core } from './core.ts';
import { snapshotSource } from './handlers/snapshots.ts';
import type { CallScope } from './scope.ts';

/** A snapshot of what is about to be overwritten, read back before this resolves. */
export async function safetySnapshot(core: Core, source: Source, note: string, scope: CallScope): Promise<SnapshotSummary> {
  scope.progress({ stage: 'safety snapshot' });
  const repository = await core.session.current();
  return (await snapshotSource(core, source, { tags: [SAFETY_TAG], level: 'intact', note }, repository, scope)).snapshot;
}
