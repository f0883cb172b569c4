import { credentialsOf } from '../../containers/discovery.ts';
import type { EngineContext, SourceLocation } from '../engine.ts';
import { containerIn, spread } from './location.ts';
import { foundContainer } from './reach.ts';

/**
 * What a person gave with what was left out: of a container the role, database and password that it was made with, a service of Compose in
 * place of the name of its present container. What was given stays. May hold secrets: for `separateSecrets`. Throws `source.missing` and what
 * looking for the container engine throws.
 */
export async function complete(input: SourceLocation, context: EngineContext): Promise<SourceLocation> {
  const given = spread(input);
  const named = containerIn(given);
  if (named === undefined) return input;
  const { engine, row } = await foundContainer(named, context);
  const credentials = await credentialsOf(engine, row.id, context.signal);
  const { project, service } = row.compose ?? {};
  const user = given['user'] ?? credentials.user ?? 'postgres';
  // It is the password of that role alone.
  const password = given['password'] ?? (user === credentials.user ? credentials.password?.reveal() : undefined);
  return {
    ...given,
    container: project === undefined || service === undefined ? named : { project, service },
    user,
    database: given['database'] ?? (user === credentials.user ? credentials.database : undefined) ?? user,
    ...(password === undefined ? {} : { password }),
  };
}
