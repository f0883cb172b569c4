import path from 'node:path';
import { openCatalog } from '../../electron/core/catalog/catalog.ts';
import type { CatalogEntry } from '../../electron/core/catalog/catalog.ts';
import { silentLog, systemClock } from '../../electron/core/base/system.ts';
import { idOf, record, stored } from './records.ts';

/** Fills a catalog, says so, begins a rebuild that never ends: to be killed. */
const catalog = openCatalog(path.join(process.argv[2] ?? '', 'catalog.db'), { clock: systemClock, log: silentLog, highest: () => 'captured' });
for (let seq = 1; seq <= 20; seq += 1) {
  await catalog.upsertSnapshot(record({ id: idOf(seq), seq }), [stored('a')]);
  process.stdout.write(`done ${String(seq)}\n`);
}

async function* endless(): AsyncGenerator<CatalogEntry> {
  yield { snapshot: record({ id: idOf(99), seq: 99 }), objects: [] };
  process.stdout.write('rebuilding\n');
  setInterval(() => undefined, 1000);
  await new Promise(() => undefined);
}

await catalog.replaceAll('repo', endless(), () => []);
