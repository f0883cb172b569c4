// Checks the layers of this checkout and names each violation. Exits with 1 where there is one, or where nothing was read.
import { fileURLToPath } from 'node:url';
import { checkLayers } from './check.ts';

const { files, violations } = checkLayers(fileURLToPath(new URL('../..', import.meta.url)));
for (const { file, line, statement } of violations) console.error(`${file}:${line}: ${statement}`);
console.log(`Layers: ${files.length} files read, ${violations.length} violations.`);
process.exitCode = violations.length === 0 && files.length > 0 ? 0 : 1;
