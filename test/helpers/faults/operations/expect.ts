/** A state after a fault that must not be. */
export class Lost extends Error {
  override readonly name = 'Lost';
}

/** Throws `Lost` where what was found is none of what may be. */
export function expectOne(what: string, found: string, allowed: readonly string[]): void {
  if (!allowed.includes(found)) throw new Lost(`${what} is ${found}, not ${allowed.join(' or ')}`);
}

/** Throws `Lost` where it does not hold. */
export function expectTrue(what: string, holds: boolean): void {
  if (!holds) throw new Lost(`this does not hold: ${what}`);
}
