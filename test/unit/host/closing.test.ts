import path from 'node:path';
import { expect, test } from 'vitest';
import { secretText } from '../../../electron/contract/model.ts';
import { silentLog } from '../../../electron/core/base/system.ts';
import { createAtOnce } from '../../../electron/core/app/at-once.ts';
import { prepareHome } from '../../../electron/core/app/faces.ts';
import { standardBelay } from '../../../electron/core/app/standard.ts';
import { temporaryFolder } from '../../helpers/world.ts';

const facts = { startedBy: 'command' as const, clients: () => 1 };
const client = { client: 'command 1' };

test('a command that answers at once and has begun is finished before the core closes', async () => {
  await using folder = await temporaryFolder();
  const home = await prepareHome(path.join(folder.path, 'home'));
  const passphrase = secretText.parse('correct horse');
  const first = await standardBelay({ home, version: '1' }, facts);
  await first.call('repository.init', { passphrase }, client);
  const adding = first.call('keys.add', { kind: 'passphrase', passphrase: secretText.parse('another one') }, client);
  const outcome = expect(adding).resolves.toMatchObject({ slot: { kind: 'passphrase' } });
  let answered = false;
  void adding.then(() => (answered = true));
  await first.close('it was asked to leave');
  expect(answered).toBe(true);
  await outcome;
  await expect(first.call('undo.list', {}, client)).rejects.toMatchObject({ code: 'transport.closed', retryable: true });

  const second = await standardBelay({ home, version: '1' }, facts);
  await second.call('repository.unlock', { passphrase: secretText.parse('another one') }, client);
  const { entries } = await second.call('journal.list', { what: 'keys.add' }, client);
  expect(entries).toMatchObject([{ result: 'done' }]);
  await second.close('over');
});

test('a command that never ends does not hold the host for ever, and is named', async () => {
  const told: unknown[] = [];
  const atOnce = createAtOnce({ ...silentLog, warn: (message, fields) => void told.push(message, fields) });
  void atOnce.run('doctor', () => new Promise(() => undefined));
  await atOnce.ended(1);
  expect(told).toEqual(['the host leaves while commands run', { commands: ['doctor'] }]);
});
