/** Preloaded with `--import` into a child that is to be killed: SIGKILL before its `KILL_AT`th statement that changes something is sent. */
import pg from 'pg';

const at = Number(process.env['KILL_AT'] ?? 0);
let step = 0;
const changes = /^\s*(?:BEGIN|COMMIT|ROLLBACK|ALTER|CREATE|DROP|GRANT|REVOKE|COMMENT|ANALYZE)\b/i;
const prototype = pg.Client.prototype as unknown as Record<string, (...args: unknown[]) => unknown>;
const query = prototype['query'];
if (query === undefined) throw new Error('no query');
prototype['query'] = function counted(this: unknown, ...args: unknown[]): unknown {
  const [first] = args;
  if (typeof first === 'string' && changes.test(first)) {
    step += 1;
    if (step === at) process.kill(process.pid, 'SIGKILL');
  }
  return query.apply(this, args);
};
