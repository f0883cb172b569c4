import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  /** Its own certificate, for `sslrootcert`. */
  readonly cert: string;
  /** Signs one: for the server with the names by which it is reached, for a client with its role. */
  issue(name: string, options: { readonly names?: string; readonly days?: number; readonly forServer?: boolean }): Certificate;
}

/** A certificate authority made by openssl in `folder`. */
export function makeAuthority(folder: string, called: string): Authority {
  const openssl = (...args: readonly string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'ignore'] });
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...fresh, '-keyout', `${called}.key`, '-out', `${called}.crt`, '-days', '30', '-subj', `/CN=${called}`);
  return {
    cert: path.join(folder, `${called}.crt`),
    issue: (name, { names, days = 30, forServer = false }) => {
      const file = `${called}-${name}${days < 0 ? '-old' : ''}`;
      openssl('req', ...fresh, '-keyout', `${file}.key`, '-out', `${file}.csr`, '-subj', `/CN=${name}`);
      writeFileSync(path.join(folder, `${file}.ext`), names === undefined ? 'basicConstraints=CA:FALSE\n' : `subjectAltName=${names}\n`);
      const by = ['-CA', `${called}.crt`, '-CAkey', `${called}.key`, '-CAcreateserial', '-extfile', `${file}.ext`];
      openssl('x509', '-req', '-in', `${file}.csr`, ...by, '-out', `${file}.crt`, '-days', String(days));
      const made = { cert: path.join(folder, `${file}.crt`), key: path.join(folder, `${file}.key`) };
      chmodSync(made.key, 0o600);
      // The server runs as nobody where root runs the tests.
      if (forServer && process.getuid?.() === 0) chownSync(made.key, 65_534, 65_534);
      return made;
    },
  };
}
