// Gives an older Electron what the product uses and it lacks, then runs the built shell. Electron 22 has no `protocol.handle`, its Node no `Response`.
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
require(process.env['BELAY_TEST_SHELL'] ?? path.join(__dirname, '..', '..', '..', 'dist', 'shell', 'main.cjs'));
