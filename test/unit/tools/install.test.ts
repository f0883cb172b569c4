import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { whyInstall } from '../../../tools/lib/install.mjs';
import { checkout, plantTree } from './tree.ts';

interface Manifest {
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly optionalDependencies: Record<string, string>;
}

const lockfile = (version: string, integrity = 'sha512-a') =>
  JSON.stringify({
    packages: {
      '': { version: '1.0.0' },
      'node_modules/one': { version, integrity },
      'node_modules/for-another-platform': { version: '1.0.0', optional: true },
    },
  });
const installedOne = JSON.stringify({ packages: { 'node_modules/one': { version: '1.2.3', integrity: 'sha512-a' } } });
const installed = {
  'package-lock.json': lockfile('1.2.3'),
  'node_modules/.package-lock.json': installedOne,
  'node_modules/one/package.json': '{}',
};

describe('whether node_modules is what the lockfile says', () => {
  it('is, where every package is there at its version, and other platforms may be missing', () => {
    using tree = plantTree(installed);
    expect(whyInstall(tree.root)).toBeUndefined();
  });

  it('is not on a fresh clone', () => {
    using tree = plantTree({ 'package-lock.json': lockfile('1.2.3') });
    expect(whyInstall(tree.root)).toBe('node_modules is missing');
  });

  it('is not where the lockfile moved on', () => {
    using tree = plantTree({ ...installed, 'package-lock.json': lockfile('1.2.4') });
    expect(whyInstall(tree.root)).toBe('node_modules/one is not the version of the lockfile');
    tree.plant({ 'package-lock.json': lockfile('1.2.3', 'sha512-b') });
    expect(whyInstall(tree.root)).toBe('node_modules/one is not the version of the lockfile');
  });

  it('is not where a package was added, or its folder is gone', () => {
    using tree = plantTree({ ...installed, 'node_modules/.package-lock.json': '{"packages":{}}' });
    expect(whyInstall(tree.root)).toBe('node_modules/one is missing');
    tree.plant({ 'node_modules/.package-lock.json': installedOne });
    rmSync(join(tree.root, 'node_modules/one'), { recursive: true });
    expect(whyInstall(tree.root)).toBe('node_modules/one is missing');
  });
});

describe('this checkout', () => {
  const manifest = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as Manifest;
  const lock = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8')) as { packages: Record<string, Manifest & { resolved?: string }> };

  it('names exact versions, and the lockfile names the same', () => {
    const { dependencies, devDependencies, optionalDependencies } = manifest;
    expect(lock.packages['']).toMatchObject({ dependencies, devDependencies, optionalDependencies });
    const versions = Object.values({ ...dependencies, ...devDependencies, ...optionalDependencies });
    expect(versions.length).toBeGreaterThan(10);
    for (const version of versions) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('names no registry host in the lockfile', () => {
    expect(Object.entries(lock.packages).filter(([, entry]) => entry.resolved !== undefined)).toEqual([]);
  });
});
