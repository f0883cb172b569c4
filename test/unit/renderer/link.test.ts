import { expect, test } from 'vitest';
import type { HostChannel, LinkWorld } from '../../../renderer/api/channel.ts';
import { Link } from '../../../renderer/api/link.ts';

/** A host that greets when it is let to, or is not there, and answers every call with its name. */
function world(greeting: Promise<'welcome' | 'nobody'>): LinkWorld {
  return {
    open: ({ message, closed }) => {
      const say = (told: object): void => message(JSON.stringify(told));
      const channel: HostChannel = {
        version: '1',
        send: (text) => {
          const { type, id, name } = JSON.parse(text) as { readonly type: string; readonly id: number; readonly name: string };
          if (type === 'call') say({ type: 'result', id, output: { answered: name } });
        },
        close: () => undefined,
      };
      void greeting.then((how) => (how === 'welcome' ? say({ type: 'welcome' }) : closed('nobody listens')));
      return Promise.resolve(channel);
    },
  };
}

test('a click before the window is connected is answered once it is', async () => {
  const greeting = Promise.withResolvers<'welcome' | 'nobody'>();
  const link = new Link(world(greeting.promise));
  const call = link.call('status', {});
  link.start();
  greeting.resolve('welcome');
  expect(await call).toEqual({ answered: 'status' });
  expect(link.state.kind).toBe('open');
});

test('where nobody answers the click fails, with what comes next', async () => {
  const link = new Link(world(Promise.resolve('nobody')));
  link.start();
  await expect(link.call('status', {})).rejects.toMatchObject({ code: 'transport.closed', hint: expect.stringContaining('by itself') as string });
  expect(link.state.kind).toBe('lost');
});
