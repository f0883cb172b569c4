import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { build } from 'vite';

/** Programs, threads and agents of the product, whatever is started as a file: what they are called in `electron/run`, and their sources. */
const entries = Object.freeze({
  'command-line': 'electron/cli/main.ts',
  host: 'electron/main/hosting/process.ts',
  writer: 'electron/core/repository/write/worker.ts',
  manifests: 'electron/core/repository/journal/manifest-worker.ts',
  digests: 'electron/core/repository/read/digest-worker.ts',
  strips: 'electron/core/repository/read/strip-worker.ts',
  'sqlite-agent': 'electron/core/engines/sqlite/agent/main.ts',
  'demo-file': 'electron/core/engines/sqlite/demo/worker.ts',
});

/**
 * Writes the product as JavaScript, as the launcher, the window's host and the installed application run it, and beside it the Node that it runs
 * under: a few files instead of six hundred, which start in two thirds of the time (docs/decisions/0019). Needs Node 24.
 * @param {{ root: string, to: string, node: string, link: boolean, more?: Readonly<Record<string, string>> }} options `link`: Node, and the built window, are links to those of the checkout; `more`: programs beside the product's own, as sources by what they are called
 */
export async function writeCore({ root, to, node, link, more = {} }) {
  await build({
    configFile: false,
    root,
    publicDir: false,
    logLevel: 'warn',
    plugins: [startedFiles(root)],
    build: {
      // As deep as every source that names a file of the checkout.
      outDir: join(to, 'electron', 'run'),
      emptyOutDir: false,
      ssr: true,
      target: 'node24',
      minify: false,
      reportCompressedSize: false,
      rolldownOptions: {
        input: Object.fromEntries(Object.entries({ ...entries, ...more }).map(([name, file]) => [name, join(root, file)])),
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
    // Every command loads these two: as they are installed they are a hundred files. What has native parts, or is for one engine alone, stays outside.
    ssr: { external: true, noExternal: ['zod', 'commander'] },
  });
  const scripts = join(to, 'tools', 'lib');
  mkdirSync(scripts, { recursive: true });
  cpSync(join(root, 'tools', 'lib', 'memory.mjs'), join(scripts, 'memory.mjs'));
  const enter = readFileSync(join(root, 'tools', 'lib', 'enter.mjs'), 'utf8').split(entries['command-line']);
  if (enter.length !== 2) throw new Error('tools/lib/enter.mjs does not start the command line once.');
  writeFileSync(join(scripts, 'enter.mjs'), enter.join('electron/run/command-line.js'));
  const { name, version, license } = /** @type {Record<string, string>} */ (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
  writeFileSync(join(to, 'package.json'), `${JSON.stringify({ name, version, license, type: 'module' }, undefined, 2)}\n`);
  const ownNode = join(to, process.platform === 'win32' ? 'node.exe' : 'node');
  if (link && process.platform !== 'win32') symlinkSync(node, ownNode);
  else cpSync(node, ownNode, { dereference: true });
  if (!link) return;
  mkdirSync(join(to, 'dist'));
  symlinkSync(join(root, 'dist', 'window'), join(to, 'dist', 'window'), 'junction');
}

/**
 * What a source names beside itself, to start it or to read it, is found from where the product is written to.
 * @param {string} root
 * @returns {import('vite').Plugin}
 */
function startedFiles(root) {
  const names = new Map(Object.entries(entries).map(([name, file]) => [join(root, file), name]));
  return {
    name: 'belay-started-files',
    enforce: 'pre',
    transform(code, id) {
      if (!code.includes('import.meta.url')) return undefined;
      const folder = dirname(id);
      const deep = relative(root, folder).split(sep).length;
      return code.replaceAll(/new URL\('(\.{1,2}\/[^'\n]+)', import\.meta\.url\)/g, (/** @type {string} */ all, /** @type {string} */ named) => {
        const started = names.get(join(folder, named));
        if (started !== undefined) return `new URL('./${started}.js', import.meta.url)`;
        if (deep === 2 && named.startsWith('../../')) return all;
        throw new Error(`${relative(root, id)} names ${named}, which is not found from where the product is written to (tools/lib/core.mjs).`);
      });
    },
  };
}
