// Gives an older Electron what the product uses and it lacks, then runs the built shell. Electron 22 has no `protocol.handle`, its Node no `Response`.
// Where Playwright drives it, the shell waits for Playwright, which now and then waits for ever for an application whose window comes before
// it is attached. Playwright's own way to wait, a script for `-r`, is left out where the program is named, and no packaged program takes it.
const path = require('node:path');
const electron = require('electron');

class OldResponse {
  /**
   * @param {string | Uint8Array} body
   * @param {{ status: number, headers: Record<string, string> }} facts
   */
  constructor(body, { status, headers }) {
    this.body = body;
    this.status = status;
    this.headers = headers;
  }
}

/** @typedef {(scheme: string, handler: (request: { url: string, method: string }) => Promise<OldResponse>) => void} Handle */

if (!('handle' in electron.protocol)) {
  /** @type {Handle} */
  const handle = (scheme, handler) => {
    // The types are those of the newest Electron, which still has it.
    electron.protocol.registerBufferProtocol(scheme, (request, answer) => {
      handler(request).then(
        ({ body, status, headers }) =>
          answer({ statusCode: status, headers, data: Buffer.from(body), mimeType: (headers['Content-Type'] ?? 'text/plain').replace(/;.*/, '') }),
        () => answer({ error: -2 }),
      );
    });
  };
  Object.assign(electron.protocol, { handle });
  Object.assign(globalThis, { Response: OldResponse });
}
if (process.argv.includes('--remote-debugging-port=0')) {
  const ready = electron.app.whenReady();
  /** @type {Promise<void>} */
  const attached = new Promise((resolve) => Object.assign(globalThis, { __playwright_run: resolve }));
  electron.app.whenReady = () => attached.then(() => ready);
}
require(process.env['BELAY_TEST_SHELL'] ?? path.join(__dirname, '..', '..', '..', 'dist', 'shell', 'main.cjs'));
