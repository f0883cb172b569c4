import { afterAll, describe, expect, test } from 'vitest';
import { Place } from '../helpers/cli/belay.ts';
import { endDisplay, openApp } from '../helpers/electron/app.ts';
import { clickThroughLoop } from '../helpers/electron/loop.ts';

afterAll(endDisplay);

describe('the main loop in the desktop application', () => {
  test('snapshot, break, rewind, undo', async () => {
    await using place = await Place.withShop(100, 'hosted');
    await using app = await openApp(place);
    await clickThroughLoop(place, app);
    expect(app.complaints).toEqual([]);
  });
});
