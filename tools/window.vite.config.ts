import { fileURLToPath } from 'node:url';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Chromium 108 is the oldest that shows the window: an Electron that tests can have (docs/decisions/0015). */
const oldest = 'chrome108';

export default defineConfig({
  root: fileURLToPath(new URL('../renderer', import.meta.url)),
  plugins: [react(), tailwindcss()],
  build: {
    outDir: '../dist/window',
    emptyOutDir: true,
    target: oldest,
    cssTarget: oldest,
    cssMinify: 'lightningcss',
    // The policy of the pages allows fonts and images from files only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
