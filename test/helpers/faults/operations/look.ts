import { expectOne, expectTrue } from './expect.ts';
import type { AfterContext } from './operation.ts';

/** Takes another snapshot, which must be the source as it is now. */
export async function nextSnapshot({ client, subject }: AfterContext): Promise<void> {
  const { snapshot } = await client.call('snapshot.create', { source: 'shop', level: 'captured' });
  expectOne('the next snapshot', await subject.exported(client, snapshot?.id ?? ''), [await subject.content()]);
}

/** The newest copy that undo has, where the source was changed. */
async function undoable({ client, subject, facts, after }: AfterContext): Promise<boolean> {
  const now = await subject.content();
  expectOne('the source', now, [facts.live, after]);
  const { undo } = await client.call('undo.list', {});
  if (now === after) expectTrue('what was put in place can be undone', undo.length > 0);
  return now === after && now !== facts.live;
}

/** What was swapped in is taken back, where it was, and the same command works. */
export async function undoneAndAgain(context: AfterContext, again: () => Promise<unknown>): Promise<void> {
  const { client, subject, facts, after, acknowledged } = context;
  const changed = await undoable(context);
  if (acknowledged.length > 0) expectTrue('what was told to be done is done', changed);
  if (changed) {
    await client.call('undo.run', {});
    expectOne('the source, undone', await subject.content(), [facts.live]);
  }
  await again();
  expectOne('the source after the next command', await subject.content(), [after]);
}

export async function held(client: AfterContext['client']): Promise<readonly string[]> {
  return (await client.call('restore.held', {})).held.map((one) => one.id);
}
