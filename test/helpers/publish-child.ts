import { isAppError } from '../../electron/core/base/errors.ts';
import { systemRandom } from '../../electron/core/base/system.ts';
import { makeLocalFolder } from '../../electron/core/repository/store/local-folder.ts';

/** Publishes one file twice in the folder given, and prints for each try `ok` or the code: run under fault injection. */
const [folder = '', tries = '2'] = process.argv.slice(2);
const content = new Uint8Array(100_000).fill(0x5a);
const seen: string[] = [];
for (let count = 0; count < Number(tries); count += 1) {
  try {
    const store = await makeLocalFolder(folder, { random: systemRandom });
    for (let again = 0; again < 2; again += 1) {
      await store.publish('packs/ab/file', [content], { ifExists: 'same' }).then(
        () => seen.push('ok'),
        (error: unknown) => {
          if (!isAppError(error)) throw error;
          seen.push(`${error.code} ${String(error.details?.['system'])}`);
        },
      );
    }
  } catch (error) {
    if (!isAppError(error)) throw error;
    seen.push(`${error.code} ${String(error.details?.['system'])}`);
  }
}
process.stdout.write(JSON.stringify(seen));
