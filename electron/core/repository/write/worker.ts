import { parentPort, workerData } from 'node:worker_threads';
import { BugError, CancelledError, fromWireError, toWireError } from '../../base/errors.ts';
import { release } from '../../base/memory.ts';
import { systemRandom } from '../../base/system.ts';
import { openStore } from '../store/open-store.ts';
import type { FromWorker, Link, ToWorker, WorkerStart } from './messages.ts';
import { Session } from './session.ts';

type Answer = Extract<FromWorker, { type: 'done' }>['value'];

/** The writer's thread: messages in, a `Session` behind. It ends by itself after a commit or an abort. */
function run(start: WorkerStart): void {
  const port = parentPort;
  if (port === null) throw new BugError('The writer runs in a thread of its own.');
  const say = (message: FromWorker): void => {
    port.postMessage(message);
  };
  const stop = new AbortController();
  const questions = new Map<number, { readonly resolve: (value: Link | undefined) => void; readonly reject: (error: Error) => void }>();
  let asked = 0;
  const ask = (what: 'held' | 'link'): Promise<Link | undefined> =>
    new Promise((resolve, reject) => {
      asked += 1;
      questions.set(asked, { resolve, reject });
      say({ type: 'ask', question: asked, what });
    });

  const beginning = begin();
  beginning.then(
    () => {
      say({ type: 'ready' });
    },
    (error: unknown) => {
      say({ type: 'broken', error: toWireError(error) });
      port.close();
    },
  );

  async function begin(): Promise<Session> {
    const store = await openStore(start.store, { random: systemRandom });
    const assertHeld = async (): Promise<void> => {
      await ask('held');
    };
    const link = async (): Promise<Link> => {
      const answer = await ask('link');
      if (answer === undefined) throw new BugError('The place of the manifest was not told.');
      return answer;
    };
    return Session.begin(start, { store, random: systemRandom, assertHeld, link, signal: stop.signal });
  }

  /** Calls of one group follow each other; groups go side by side. */
  const tails = new Map<number, Promise<void>>();
  const inOrder = (group: number, work: () => Promise<void>): Promise<void> => {
    const tail = (tails.get(group) ?? Promise.resolve()).then(work);
    tails.set(group, tail);
    return tail;
  };

  const working = new Set<Promise<void>>();
  function answer(call: number, work: (session: Session) => Promise<Answer>): Promise<void> {
    const answering = beginning
      .then(async (session) => {
        const value = await work(session);
        say({ type: 'done', call, counts: session.counts(), ...(value === undefined ? {} : { value }) });
      })
      .catch((error: unknown) => {
        say({ type: 'failed', call, error: toWireError(error) });
      })
      .finally(() => {
        working.delete(answering);
      });
    working.add(answering);
    return answering;
  }

  port.on('message', (message: ToWorker) => {
    switch (message.type) {
      case 'open':
        void inOrder(message.group, () => answer(message.call, (session) => session.open(message.group, message.name, message.framing).then(() => undefined)));
        return;
      case 'data':
        void inOrder(message.group, () =>
          answer(message.call, async (session) => {
            await session.write(message.group, message.bytes, message.rowEnds);
            release(message.bytes);
            return undefined;
          }),
        );
        return;
      case 'end':
        void inOrder(message.group, () => answer(message.call, (session) => session.end(message.group)));
        return;
      case 'object':
        void answer(message.call, (session) => {
          session.object(message.row);
          return Promise.resolve(undefined);
        });
        return;
      case 'commit':
        void answer(message.call, (session) => session.commit(message.fields));
        return;
      case 'abort':
        void abort();
        return;
      case 'answer': {
        const question = questions.get(message.question);
        questions.delete(message.question);
        if (message.error === undefined) question?.resolve(message.value);
        else question?.reject(fromWireError(message.error));
        return;
      }
    }
  });

  /**
   * Ends the thread. Every step that waits fails; a publish under way finishes or takes its temporary file away, and keeps the
   * thread until then. A commit that got as far as its manifest is still answered as done.
   */
  async function abort(): Promise<void> {
    const error = new CancelledError();
    stop.abort();
    for (const { reject } of questions.values()) reject(error);
    questions.clear();
    const session = await beginning.catch(() => undefined);
    session?.stop(error);
    await Promise.all(working);
    session?.close();
    port?.close();
  }
}

run(workerData as WorkerStart);
