import { BugError } from '../../base/errors.ts';

const PART = /^[a-z0-9-][a-z0-9.-]*$/;

/** The parts of a store path. A path that could leave the store, or that another system would spell otherwise, is a bug. */
export function pathParts(path: string): readonly string[] {
  const parts = path.split('/');
  if (!parts.every(isPart)) throw new BugError(`not a store path: ${JSON.stringify(path)}`);
  return parts;
}

/** True for a name that a repository may use: anything else beside is somebody else's and ignored. */
export function isPart(name: string): boolean {
  return name.length <= 128 && PART.test(name);
}
