import type { BelayClient } from '../../../electron/contract/client.ts';

/** What an installation holds beside the content of its snapshots, a line each, such as `pin <snapshot> <reason>`. */
export async function factsOf(client: BelayClient): Promise<ReadonlySet<string>> {
  const { snapshots } = await client.call('snapshot.list', {});
  const { undo } = await client.call('undo.list', {});
  const { held } = await client.call('restore.held', {});
  const { checkpoints } = await client.call('checkpoint.list', {});
  const { drills } = await client.call('drill.list', {});
  const { sources } = await client.call('sources.list', {});
  const { slots } = await client.call('keys.list', {});
  return new Set([
    ...snapshots.flatMap(({ id, pin, tags }) => [
      `snapshot ${id}`,
      ...(pin === undefined ? [] : [`pin ${id} ${pin.reason}`]),
      ...tags.map((tag) => `tag ${id} ${tag}`),
    ]),
    ...undo.flatMap(({ id, keep }) => [`undo ${id}`, ...(keep === true ? [`kept ${id}`] : [])]),
    ...held.map(({ id }) => `held ${id}`),
    ...checkpoints.map(({ id }) => `checkpoint ${id}`),
    ...drills.map(({ id }) => `drill ${id}`),
    ...sources.flatMap(({ name, targets }) => [`source ${name}`, ...(targets === undefined ? [] : [`targets ${name} ${JSON.stringify(targets)}`])]),
    ...slots.map(({ slot }) => `slot ${slot}`),
  ]);
}

/** What a command may take away and add, as beginnings of lines. */
export interface Change {
  readonly takes: readonly string[];
  readonly adds: string | undefined;
}

/** What is wrong between two states: anything else is gone, or what was acknowledged is not so. */
export function changedOtherwise(before: ReadonlySet<string>, after: ReadonlySet<string>, { takes, adds }: Change, acknowledged: boolean): string | undefined {
  const mayGo = (line: string): boolean => takes.some((start) => line.startsWith(start));
  const gone = [...before].filter((line) => !after.has(line) && !mayGo(line));
  if (gone.length > 0) return `gone: ${gone.join(', ')}`;
  if (!acknowledged) return undefined;
  const there = [...after].filter((line) => before.has(line) && mayGo(line));
  if (there.length > 0) return `acknowledged as gone, and there: ${there.join(', ')}`;
  if (adds !== undefined && ![...after].some((line) => !before.has(line) && line.startsWith(adds))) return `acknowledged, and no new ${adds}`;
  return undefined;
}
