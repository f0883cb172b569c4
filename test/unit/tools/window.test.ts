import { describe, expect, it } from 'vitest';
import { planWindow } from '../../../tools/lib/window.mjs';

const desk = { platform: 'linux', env: { DISPLAY: ':0' }, uid: 1000, electronArrived: () => true };

describe('what npm start shows', () => {
  it('is the window where there are a window, a display, an ordinary user and Electron', () => {
    expect(planWindow(desk)).toEqual({ show: 'window' });
    expect(planWindow({ ...desk, env: { WAYLAND_DISPLAY: 'wayland-0' } })).toEqual({ show: 'window' });
    expect(planWindow({ ...desk, env: {}, platform: 'darwin' })).toEqual({ show: 'window' });
  });

  it.each([
    ['no display', { env: {} }],
    ['root', { uid: 0 }],
    ["Electron's binary", { electronArrived: () => false }],
  ])('is the window on loopback, with the reason: %s', (reason, lack) => {
    expect(planWindow({ ...desk, ...lack })).toEqual({ show: 'loopback', why: expect.stringMatching(new RegExp(reason)) as unknown });
  });
});
