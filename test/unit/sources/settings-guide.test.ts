import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { settingsSchema } from '../../../electron/core/sources/settings.ts';

const guide = readFileSync(new URL('../../../docs/guide/settings.md', import.meta.url), 'utf8');

test('the guide tells of every field of settings.json, and of no other', () => {
  const told = [...guide.matchAll(/^\| `([\w.]+)` \|/gm)].map((match) => match[1]);
  const { shape } = settingsSchema;
  const repository = shape.repository.unwrap().shape;
  const fields = Object.keys(shape).flatMap((name) => (name === 'repository' ? [name, ...Object.keys(repository).map((below) => `${name}.${below}`)] : [name]));
  expect(told).toEqual(fields);
});

test('its example is one that Belay takes', () => {
  const example = /```json\n([\s\S]+?)```/.exec(guide)?.[1] ?? '';
  expect(settingsSchema.parse(JSON.parse(example))).toMatchObject({ secrets: 'auto', maxWriterWait: 2000 });
});
