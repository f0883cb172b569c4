import { AppError, systemCode } from './errors.ts';

/** A file that the user named, and what they named it for: `--passphrase-file`, `The key file`. */
export interface NamedFile {
  readonly what: string;
  readonly path: string;
  /** What to name in its place. */
  readonly hint: string;
}

/**
 * Why a named file cannot be read, by one code for one cause, whichever command asked: `source.missing` where there is none,
 * `secret.denied` where it may not be read, `input.invalid` for a folder or anything else. What is no error of the system comes back as it is.
 */
export function unreadable({ what, path, hint }: NamedFile, error: unknown): unknown {
  const code = error instanceof AppError ? undefined : systemCode(error);
  if (code === undefined) return error;
  const because = { hint, details: { path, system: code }, cause: error };
  if (code === 'ENOENT' || code === 'ENOTDIR') return new AppError('source.missing', `${what}: there is no file ${path}.`, because);
  if (code === 'EACCES' || code === 'EPERM')
    return new AppError('secret.denied', `${what}: ${path} may not be read by this user.`, { ...because, hint: 'Give this user the right to read it.' });
  return new AppError('input.invalid', `${what}: ${path} ${code === 'EISDIR' ? 'is a folder' : `could not be read (${code})`}.`, because);
}
