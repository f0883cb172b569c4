import { escapeText } from '../../core/app/faces.ts';
import { existsSync } from 'node:fs';
import type { BelayClient } from '../../contract/client.ts';
import { candidates } from '../completion/candidates.ts';
import type { Names } from '../completion/candidates.ts';
import type { Context } from '../context.ts';
import { shortId } from '../output/views.ts';
import type { CommandSpec } from '../spec.ts';

const mostSnapshots = 200;

export const complete: CommandSpec = {
  name: '__complete',
  summary: 'candidates for the word being typed',
  arguments: [{ name: '[words...]', description: 'the words after `belay`, the one being typed last' }],
  passThrough: true,
  examples: [],
  run: async (context, input) => {
    const data = await candidates(input.words(0), namesOf(context));
    return { data, print: (output) => output.lines(data) };
  },
};

/** Names from the host; none where there is no data directory yet or it does not answer, since a key press must not fail. */
function namesOf(context: Context): Names {
  const ask = async (question: (client: BelayClient) => Promise<readonly string[]>): Promise<readonly string[]> => {
    if (!existsSync(context.home)) return [];
    const [asked] = await Promise.allSettled([asking(context, question)]);
    return asked.status === 'fulfilled' ? asked.value.filter((name) => escapeText(name) === name) : [];
  };
  return {
    sources: () => ask(async (client) => (await client.call('sources.list', {})).sources.map((source) => source.name)),
    held: () => ask(async (client) => (await client.call('restore.held', {})).held.map((held) => held.id)),
    snapshots: () =>
      ask(async (client) => {
        const { snapshots } = await client.call('snapshot.list', { limit: mostSnapshots });
        const named = snapshots.flatMap((snapshot) => (snapshot.name === undefined ? [] : [snapshot.name]));
        const newest = [...new Set(snapshots.map((snapshot) => `latest:${snapshot.source}`))];
        return ['latest', ...newest, ...named, ...snapshots.map((snapshot) => shortId(snapshot.id))];
      }),
  };
}

async function asking(context: Context, question: (client: BelayClient) => Promise<readonly string[]>): Promise<readonly string[]> {
  const client = await context.world.connect(context.home);
  try {
    return await question(client);
  } finally {
    await client.close();
  }
}
