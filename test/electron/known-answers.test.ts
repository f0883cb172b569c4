import { expect, test } from 'vitest';
import { electronPath } from '../helpers/electron/app.ts';
import { ask, expected, found, opened, vectors, zstd } from '../helpers/known-answers.ts';

test('every primitive gives the answers of its standard, in Electron; zstd only where it has it', () => {
  const all = [...vectors, ...opened];
  expect(found(all, ask(electronPath ?? '', all))).toEqual(expected(all));
  // Electron of Node 22 and older has none: there the host is a process of Node.
  const packed = ask(electronPath ?? '', zstd);
  if (packed.some((answer) => answer !== 'none')) expect(found(zstd, packed)).toEqual(expected(zstd));
});
