/**
 * What passes between a client and the host, over every transport alike: one JSON text a message. The first message of a
 * client is `hello`; the host answers `welcome` or `refused`. Calls are numbered by the client; each ends in one `result` or
 * `error`. A message that is none of these ends the connection.
 */
export const PROTOCOL = 1;
