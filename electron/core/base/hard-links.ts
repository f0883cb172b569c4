import { systemCode } from './errors.ts';

const answers = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'EMLINK', 'EXDEV', 'EISDIR']);

/**
 * Whether `link` failed because there are no second names for a file there (FAT, exFAT, some network shares), or no more of them. EISDIR is what
 * Windows answers on exFAT, as libuv tells it: https://github.com/nodejs/node/issues/65817
 */
export function hasNoHardLinks(error: unknown): boolean {
  return answers.has(systemCode(error) ?? '');
}
