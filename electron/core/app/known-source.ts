import type { Source } from '../../contract/model.ts';
import { AppError } from '../base/errors.ts';
import type { Core } from './core.ts';

/** The source of that name. Throws `source.unknown` with the names there are. */
export async function sourceNamed(core: Core, name: string): Promise<Source> {
  const all = await core.sources.list();
  const found = all.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = all.map((one) => one.name);
  throw new AppError('source.unknown', `There is no source named ${name}.`, {
    hint: names.length === 0 ? 'Add one: belay source add <path>' : `There are: ${names.slice(0, 10).join(', ')}.`,
    details: { names: names.slice(0, 50) },
  });
}

/** Throws `source.unknown` where there is neither a source of that name nor a snapshot of one: what was removed keeps its snapshots. */
export async function refuseUnknownSource(core: Core, name: string): Promise<void> {
  if (core.catalog.list({ source: name, limit: 1, offset: 0 }).total === 0) await sourceNamed(core, name);
}
