import { describe, expect, test } from 'vitest';
import { pageOfArguments, pageOfLink } from '../../../electron/main/deep-link.ts';
import { applicationMenu, plain, trayMenu } from '../../../electron/main/menu.ts';
import { Relay } from '../../../electron/main/relay.ts';
import { placeFor } from '../../../electron/main/window-state.ts';
import type { Job } from '../../../electron/contract/model.ts';
import { memoryChannels } from '../../../electron/host/wire/memory-channel.ts';
import { keptLog } from '../../helpers/world.ts';

describe('where the window opens', () => {
  const left = { x: 0, y: 0, width: 1600, height: 1000 };
  const right = { x: 1600, y: 0, width: 1280, height: 800 };
  const kept = { x: 1700, y: 50, width: 1000, height: 700, maximized: false };

  test('is where it was', () => expect(placeFor(kept, [left, right])).toEqual({ x: 1700, y: 50, width: 1000, height: 700 }));
  test('is the first display where its own is gone', () => expect(placeFor(kept, [left])).toEqual({ width: 1280, height: 820 }));
  test('is inside the display that shows most of it, and no larger', () =>
    expect(placeFor({ ...kept, x: 2500, y: -90, width: 4000, height: 4000 }, [left, right])).toEqual({ x: 1600, y: 0, width: 1280, height: 800 }));
  test('is in sight where nothing was kept, on a small display too', () =>
    expect(placeFor(undefined, [{ x: 0, y: 0, width: 1024, height: 700 }])).toEqual({ width: 1024, height: 700 }));
});

describe('a link', () => {
  const id = 'c0ffee'.repeat(8);
  test.each([
    [`belay://snapshot/${id}`, `/snapshot/${id}`],
    [`belay://snapshot/${id}/`, `/snapshot/${id}`],
    [`belay://snapshot/${id}?x=1`, undefined],
    [`belay://snapshot/../${id}`, undefined],
    ['belay://journal', undefined],
    [`https://snapshot/${id}`, undefined],
    ['belay://snapshot/<img onerror>', undefined],
  ])('%s', (link, page) => expect(pageOfLink(link)).toBe(page));
  test('is found among arguments', () => expect(pageOfArguments(['/opt/belay', '--flag', `belay://snapshot/${id}`])).toBe(`/snapshot/${id}`));
});

describe('menus', () => {
  const acts = {
    order: () => undefined,
    show: () => undefined,
    quit: () => undefined,
    openLogs: () => undefined,
    openHome: () => undefined,
    about: () => undefined,
  };
  const job = (title: string): Job => ({ id: title, command: 'snapshot.create', title, state: 'running', createdAt: 1 });

  test('the tray names what runs, in one harmless line each, and no more than fit', () => {
    expect(trayMenu([], acts)[0]).toEqual({ label: 'No job is running', enabled: false });
    const labels = trayMenu([job('snapshot of a&b\n\u202Egpj.exe'), ...Array.from({ length: 9 }, (_, at) => job(`drill ${at}`))], acts).map(
      (item) => item.label,
    );
    expect(labels).toEqual([
      'Snapshot of a&&b  gpj.exe',
      ...Array.from({ length: 7 }, (_, at) => `Drill ${at}`),
      'and 2 more',
      undefined,
      'Open Belay',
      'Quit Belay',
    ]);
    expect(plain('x'.repeat(200))).toHaveLength(80);
  });

  test('each system has its own places for quit and about', () => {
    expect(applicationMenu('darwin', acts)[0]?.label).toBe('Belay');
    expect(applicationMenu('linux', acts)[0]?.label).toBe('File');
  });
});

describe('the relay between page and host', () => {
  const hello = { type: 'hello', protocol: 1, version: '0.1.0', client: 'window' };
  async function open() {
    const [near, far] = memoryChannels();
    const sent: unknown[] = [];
    const told: unknown[][] = [];
    far.open({ message: (text) => sent.push(JSON.parse(text)), closed: (why) => sent.push({ closed: why }) });
    const relay = new Relay({
      version: '0.1.0',
      reach: () => Promise.resolve({ channel: near, token: 'secret' }),
      tell: (...values) => told.push(values),
      log: keptLog(),
    });
    const answer = await relay.connect();
    return { relay, sent, told, answer, flush: () => new Promise((resolve) => setImmediate(() => setImmediate(resolve))) };
  }

  test('adds the token to the greeting, and tells the page nothing of it', async () => {
    const { relay, sent, told, answer, flush } = await open();
    expect(answer).toEqual({ connection: 1, version: '0.1.0' });
    relay.send(1, JSON.stringify(hello));
    relay.send(1, JSON.stringify({ type: 'call', id: 1, name: 'status', input: {} }));
    relay.send(2, JSON.stringify({ type: 'call', id: 2, name: 'status', input: {} }));
    await flush();
    expect(sent).toEqual([
      { ...hello, token: 'secret' },
      { type: 'call', id: 1, name: 'status', input: {} },
    ]);
    expect(JSON.stringify(told)).not.toContain('secret');
  });

  test.each([
    ['a second greeting', [hello, hello]],
    ['a greeting with a token of its own', [{ ...hello, token: 'guess' }]],
    ['a greeting as a command', [{ ...hello, client: 'command' }]],
    ['no message', [{ type: 'call', id: 'one' }]],
    ['more than a message is', [{ ...hello, extra: true }]],
  ])('ends at %s', async (_what, messages) => {
    const { relay, sent, told, flush } = await open();
    for (const message of messages) relay.send(1, JSON.stringify(message));
    await flush();
    expect(told).toEqual([['belay:closed', 1, expect.stringMatching(/^a message of the page was refused/)]]);
    expect(sent.at(-1)).toEqual({ closed: expect.any(String) as unknown });
  });

  test('ends at what is no text, or too long a one', async () => {
    for (const text of [undefined, 7, {}, `"${'x'.repeat(2 ** 20)}"`]) {
      const { relay, told } = await open();
      relay.send(1, text);
      expect(told).toHaveLength(1);
    }
  });
});
