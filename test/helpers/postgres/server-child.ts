/** Starts a server, says where its socket is, and waits to be killed. Argument: the major version. */
import { startServer } from './server.ts';

const server = await startServer(Number(process.argv[2]));
process.stdout.write(`${server.socket}\n`);
setInterval(() => undefined, 60_000);
