import { rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Called by electron-builder for the unpacked application: an Electron that was unpacked by hand may bring an application of its own.
 * @param {{ appOutDir: string }} context
 */
export default function afterPack({ appOutDir }) {
  rmSync(join(appOutDir, 'resources', 'app'), { recursive: true, force: true });
}
