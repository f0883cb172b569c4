import { AppError, CancelledError, isCancelled, systemCode } from '../base/errors.ts';

/** The engine answered with a refusal. Callers that know what was asked give it their words; nothing decides by its text. */
export class RefusedError extends Error {
  readonly status: number;

  constructor(status: number, text: string) {
    super(text.slice(0, mostText));
    this.name = 'RefusedError';
    this.status = status;
  }
}

const mostText = 500;

/** True where the engine's answer was one of the given numbers of HTTP. */
export function wasRefused(error: unknown, ...statuses: readonly number[]): error is RefusedError {
  return error instanceof RefusedError && (statuses.length === 0 || statuses.includes(error.status));
}

/** What was asked, for the sentence `The container engine could not <doing>.` */
export function engineError(error: unknown, doing: string): Error {
  if (error instanceof AppError || isCancelled(error)) return error instanceof Error ? error : new CancelledError();
  if (error instanceof RefusedError) {
    if (error.status === 403 || error.status === 401)
      return new AppError('source.denied', `The container engine refused to ${doing}.`, {
        hint: 'Check what the engine lets this user do (authorization plugins, Docker Desktop settings).',
        details: { status: error.status },
        cause: error,
      });
    return new AppError('tool.failed', `The container engine could not ${doing}.`, {
      hint: 'The cause is what the engine said.',
      details: { status: error.status },
      cause: error,
    });
  }
  const code = systemCode(error);
  if (code === 'EACCES' || code === 'EPERM') return denied(error);
  return new AppError('source.unreachable', `The container engine did not answer when asked to ${doing}.`, {
    hint: 'Check that Docker or Podman is running, then try again.',
    details: code === undefined ? {} : { system: code },
    cause: error,
    retryable: true,
  });
}

function denied(cause: unknown): AppError {
  return new AppError('source.denied', 'The socket of the container engine may not be used by this user.', {
    hint: 'Add the user to the group docker and log in again, or use a rootless engine.',
    cause,
  });
}

export function containerMissing(container: string, cause?: unknown): AppError {
  return new AppError('source.missing', `There is no container ${container}.`, {
    hint: 'It was removed or made anew. Look for it with `docker ps --all`, or discover it again.',
    details: { container },
    ...(cause === undefined ? {} : { cause }),
  });
}

export function containerStopped(container: string, cause?: unknown): AppError {
  return new AppError('source.unreachable', `The container ${container} is not running.`, {
    hint: `Start it (or let it go on): docker start ${container}`,
    details: { container },
    retryable: true,
    ...(cause === undefined ? {} : { cause }),
  });
}
