import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from 'node:tls';
import { AppError, systemCode } from '../../../base/errors.ts';
import type { PostgresLocation } from '../location.ts';

/** What the driver is told of TLS, as libpq means the modes; the files are read now. */
export async function tlsOf(location: PostgresLocation): Promise<false | ConnectionOptions> {
  const { sslmode } = location;
  if (sslmode === 'disable' || sslmode === 'allow') return false;
  const file = async (path: string | undefined): Promise<Buffer | undefined> => (path === undefined ? undefined : readCertificate(path));
  const [ca, cert, key] = [await file(location.sslrootcert), await file(location.sslcert), await file(location.sslkey)];
  const given = { ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
  if (sslmode === 'verify-full') return { ...given, rejectUnauthorized: true };
  // As libpq: who names an authority wants it asked.
  if (sslmode === 'verify-ca' || (sslmode === 'require' && ca !== undefined))
    return { ...given, rejectUnauthorized: true, checkServerIdentity: () => undefined };
  return { ...given, rejectUnauthorized: false };
}

async function readCertificate(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    throw new AppError('input.invalid', `The certificate ${path} cannot be read (${code}).`, {
      hint: 'Check sslrootcert, sslcert and sslkey of the source.',
      cause: error,
    });
  }
}
