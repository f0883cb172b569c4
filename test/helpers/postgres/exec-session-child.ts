// Holds a table in a container's server, over a program in it, until it is killed. Arguments: DOCKER_HOST, the container, the password.
import { findEngine } from '../../../electron/core/containers/engine.ts';
import { locationOf, normaliseLocation } from '../../../electron/core/engines/postgres/location.ts';
import { openSession } from '../../../electron/core/engines/postgres/session/session.ts';
import { withContext } from '../engine-context.ts';

const [host = '', container = '', password = ''] = process.argv.slice(2);
await withContext(async (context) => {
  const location = locationOf(normaliseLocation({ container: { name: container }, database: 'postgres', secrets: { password: 'h' } }, '/'));
  const session = await openSession(
    location,
    { side: 'source', name: 'belay held' },
    {
      ...context,
      secret: () => Promise.resolve(password),
      containerEngine: (signal, patience) => findEngine({ env: { DOCKER_HOST: host }, platform: 'linux', userHome: '/', uid: 0 }, signal, patience),
    },
  );
  await session.run('BEGIN; LOCK TABLE public.accounts IN ACCESS EXCLUSIVE MODE');
  process.stdout.write('held\n');
  await new Promise(() => setInterval(() => undefined, 60_000));
});
