/** Of throw-away servers of this process, by their handles. They are kept nowhere else. */
const passwords = new Map<string, string>();

/** Keeps the password of a server and gives the handle under which a location names it. */
export function keepPassword(server: string, password: string): string {
  const handle = `throw-away ${server}`;
  passwords.set(handle, password);
  return handle;
}

export function forgetPassword(server: string): void {
  passwords.delete(`throw-away ${server}`);
}

/** Undefined for every handle that is not of a throw-away server of this process. */
export function throwAwayPassword(handle: string): string | undefined {
  return passwords.get(handle);
}
