import { describe, expect, test } from 'vitest';
import type { SecretStore } from '../../electron/core/base/secrets.ts';

/** A store, and the same one as another run would open it. */
export interface SecretPlace extends AsyncDisposable {
  open(): Promise<SecretStore>;
}

export function secretsSuite(name: string, kind: SecretStore['kind'], make: () => Promise<SecretPlace>): void {
  describe(name, () => {
    test('says what it is, truly', async () => {
      await using place = await make();
      const store = await place.open();
      expect(store.kind).toBe(kind);
      expect(store.description.length).toBeGreaterThan(10);
      await store.set('area/name', 'kept?');
      expect(await (await place.open()).get('area/name')).toBe(store.lasting ? 'kept?' : undefined);
    });

    test('gives back what was set, the newest, for its handle alone', async () => {
      await using place = await make();
      const store = await place.open();
      expect(await store.get('repository/1/passphrase')).toBeUndefined();
      await store.set('repository/1/passphrase', 'first');
      await store.set('repository/2/passphrase', 'other');
      await store.set('repository/1/passphrase', 'second');
      expect([await store.get('repository/1/passphrase'), await store.get('repository/2/passphrase'), await store.get('repository/1')]).toEqual([
        'second',
        'other',
        undefined,
      ]);
    });

    test('removes, also what is not there', async () => {
      await using place = await make();
      const store = await place.open();
      await store.set('a', 'x');
      await store.remove('a');
      await store.remove('a');
      await store.remove('never');
      expect(await store.get('a')).toBeUndefined();
      expect(await (await place.open()).get('a')).toBeUndefined();
    });

    test.each([
      ['letters of all kinds', 'pässwörd 𝄞 パス \u200f'],
      ['quotes, newlines, backslashes', `"'\\\n\r\t\${x}`],
      ['spaces at its ends', '  x  '],
      ['800 characters', 'é𝄞x '.repeat(200)],
    ])('keeps a secret of %s exactly', async (_, secret) => {
      await using place = await make();
      const store = await place.open();
      await store.set('odd/__proto__', secret);
      expect(await store.get('odd/__proto__')).toBe(secret);
      expect(await store.get('__proto__')).toBeUndefined();
    });

    test('keeps them all when many are set at once', async () => {
      await using place = await make();
      const store = await place.open();
      const handles = Array.from({ length: 8 }, (_unused, at) => `many/${String(at)}`);
      await Promise.all(handles.map((handle) => store.set(handle, `secret of ${handle}`)));
      expect(await Promise.all(handles.map((handle) => store.get(handle)))).toEqual(handles.map((handle) => `secret of ${handle}`));
    });
  });
}
