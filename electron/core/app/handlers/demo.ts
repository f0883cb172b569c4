import { commandLine } from '../../../contract/command-line.ts';
import type { Source } from '../../../contract/model.ts';
import { AppError } from '../../base/errors.ts';
import { damageDemoFile, demoFile, makeDemoFile } from '../../engines/sqlite/demo/demo-file.ts';
import { engineOf, type Core } from '../core.ts';
import type { Handlers } from './handlers.ts';
import { nameFor, sourceInPlace } from './sources.ts';

export const demoHandlers: Handlers<'demo.create' | 'demo.damage'> = {
  'demo.create': async (core, _input, scope) => {
    const there = await demoSource(core);
    if (there !== undefined)
      throw new AppError('source.exists', `The demo is the source ${there.name} already.`, { hint: `Use it: ${commandLine('snap', [there.name])}` });
    const path = demoFile(core.home);
    scope.progress({ stage: 'making a database of 30,000 rows' });
    const rows = await makeDemoFile(path, scope.signal);
    const name = nameFor('demo', await core.sources.list());
    const source: Source = { name, engine: 'sqlite', location: { path }, environment: 'dev', addedAt: core.clock.now() };
    await core.sources.add(source);
    core.events.emit('sources.changed', {});
    return { source, rows };
  },

  'demo.damage': async (core, _input, scope) => {
    const source = await demoSource(core);
    if (source === undefined) throw new AppError('source.missing', 'There is no demo to damage.', { hint: `Make it: ${commandLine('demo')}` });
    scope.progress({ stage: 'running a bad migration' });
    const done = await damageDemoFile(demoFile(core.home), scope.signal);
    return { source, done: [...done] };
  },
};

/** The source that the demo's database is, whatever it is called now. */
export async function demoSource(core: Core): Promise<Source | undefined> {
  const engine = engineOf(core, 'sqlite');
  return sourceInPlace(engine, await core.sources.list(), { path: demoFile(core.home) });
}
