import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { complaints } from '../sweep/damage/judge.ts';
import { look, opened, Place } from '../sweep/damage/look.ts';
import { OtherReader } from '../sweep/damage/other-reader.ts';
import { makeSpecimen, quickFolder, SeenMark, specimenText, unlockOf } from '../sweep/damage/specimen.ts';
import type { Specimen } from '../sweep/damage/specimen.ts';
import { fixtures, patched, saidOf } from './damaged-cases.ts';
import type { DamagedCase, Patch } from './damaged-cases.ts';

/** Makes `test/fixtures/<label>`: a whole repository, and damages of it with what is said of each. Never over one that is there; read what it writes. */
type Files = DamagedCase['files'];

const [, , label = ''] = process.argv;
const folder = join(fixtures, label);
if (!/^damaged-[a-z0-9.-]+$/.test(label) || existsSync(folder))
  throw new Error('Usage: node test/compat/make-damaged.ts damaged-<label>, of a fixture that is not there');
const stranger = await makeSpecimen('none');
const specimen = await makeSpecimen('none');
const place = new Place(specimen, quickFolder());
const other = new OtherReader(specimen, quickFolder());
const cases: DamagedCase[] = [];
for (const [name, files] of damages(specimen)) {
  const says = await saidOf(place, files);
  if (says.opens === 'yes') await judged(name, files);
  cases.push({ name, files, says });
}
place.remove();
mkdirSync(folder);
writeFileSync(join(folder, 'whole.json'), specimenText({ ...specimen, older: [] }));
writeFileSync(join(folder, 'cases.json'), `${JSON.stringify(cases, null, 2)}\n`);

/** Nothing goes into a fixture that the sweep's judge calls wrong. */
async function judged(name: string, files: Files): Promise<void> {
  const damage = { point: name, files: patched(specimen, files), rare: true, ...(name.includes('earlier state') ? { rolledBack: 'all' as const } : {}) };
  place.prepare(damage.files);
  const seen = await opened(place.folder, unlockOf('none', specimen.secrets), new SeenMark(specimen.mark), (repository) => look(repository, specimen));
  place.touched();
  const wrong = complaints(specimen, damage, seen, other.without(damage.files.keys()));
  if (wrong.length > 0) throw new Error(`${name}: ${wrong.join('; ')}`);
}

function* damages({ tree, older }: Specimen): Generator<readonly [string, Files]> {
  const below = (within: string): string[] => [...tree.keys()].filter((file) => file.startsWith(`${within}/`));
  const size = (file: string): number => tree.get(file)?.length ?? 0;
  const all = (files: readonly string[], patch: (file: string) => Patch): Files => Object.fromEntries(files.map((file) => [file, patch(file)]));
  const id = tree.get('config')?.indexOf('"repository":"') ?? 0;
  for (const config of ['config', 'config.copy']) {
    yield [`${config} names another repository`, { [config]: { flip: [id + 14, 0] } }];
    yield [`${config} claims a newer format`, { [config]: { flip: [9, 1] } }];
    yield [`${config} is another repository's`, { [config]: { base64: stranger.tree.get('config')?.toString('base64') ?? '' } }];
    yield [`${config} is gone`, { [config]: null }];
  }
  yield ['both copies of the config are gone', { config: null, 'config.copy': null }];
  yield ['both copies of the config are cut', { config: { cut: 40 }, 'config.copy': { cut: 40 } }];
  for (const [number, pack] of below('packs')
    .toSorted((a, b) => size(b) - size(a))
    .entries()) {
    const name = `pack ${String(number + 1)}`;
    yield [`${name} has a changed byte in its first segment`, { [pack]: { flip: [70, 3] } }];
    yield [`${name} has a changed byte in its footer`, { [pack]: { flip: [size(pack) - 40, 5] } }];
    yield [`${name} is cut in half`, { [pack]: { cut: size(pack) >> 1 } }];
    yield [`${name} is zero from the middle on`, { [pack]: { zero: size(pack) >> 1 } }];
    yield [`${name} is gone`, { [pack]: null }];
  }
  const [p1 = '', p2 = ''] = below('packs');
  yield ['two packs are swapped', { [p1]: { as: p2 }, [p2]: { as: p1 } }];
  for (const within of ['meta', 'meta.copy', 'index', 'snapshots', 'snapshots.copy']) {
    yield [`all of ${within} is gone`, all(below(within), () => null)];
    yield [`all of ${within} has a changed byte`, all(below(within), (file) => ({ flip: [size(file) >> 1, 2] }))];
  }
  const [m1 = ''] = below('meta').toSorted((a, b) => size(b) - size(a));
  yield ['both copies of a metadata pack are cut', { [m1]: { cut: 100 }, [m1.replace('meta/', 'meta.copy/')]: { cut: 100 } }];
  for (const manifest of below('snapshots')) {
    const copy = manifest.replace('snapshots/', 'snapshots.copy/');
    yield [`snapshot ${String(Number(manifest.slice(10, 20)))} is gone, both copies`, { [manifest]: null, [copy]: null }];
    yield [`snapshot ${String(Number(manifest.slice(10, 20)))} is damaged, both copies`, { [manifest]: { flip: [100, 0] }, [copy]: { flip: [200, 0] } }];
  }
  for (const file of below('journal')) {
    yield [`journal file ${String(Number(file.slice(8, 18)))} has a changed byte`, { [file]: { flip: [size(file) >> 1, 1] } }];
    yield [`journal file ${String(Number(file.slice(8, 18)))} is gone`, { [file]: null }];
  }
  const before = older.at(-2) ?? new Map<string, Buffer>();
  const since = [...tree.keys()].filter((file) => !before.has(file));
  if ([...before.keys()].every((file) => tree.has(file))) yield ['an earlier state was put in its place', all(since, () => null)];
}
