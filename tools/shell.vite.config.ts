import { fileURLToPath } from 'node:url';
import { isBuiltin } from 'node:module';
import { defineConfig } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * One file of CommonJS for `--mode main` and one for `--mode preload`: a sandboxed preload loads no other file, and Electron 22, which tests can
 * have everywhere, starts no main of another kind and runs Node 16 (docs/decisions/0016).
 */
export default defineConfig(({ mode }) => ({
  root,
  publicDir: mode === 'main' ? 'resources/shell' : false,
  build: {
    outDir: 'dist/shell',
    emptyOutDir: false,
    target: 'node16',
    ssr: `electron/${mode}/${mode}.ts`,
    minify: false,
    copyPublicDir: true,
    reportCompressedSize: false,
    rolldownOptions: {
      external: (name: string) => name === 'electron' || isBuiltin(name),
      output: { format: 'cjs', entryFileNames: '[name].cjs', codeSplitting: false },
    },
  },
  ssr: { noExternal: true },
}));
