/** Where a database lies, how it is reached, and where the password to it lies. */
const naming = /^(?:PG[A-Z]+|USER|USERNAME|APPDATA|(?:\w+_)?(?:DATABASE|DB|POSTGRES(?:QL)?|PG)\w*_?(?:URL|URI|DSN))$/;

/** What is longer is no address. */
const longest = 10_000;

/** The variables of this command's own environment that may name a database: a host that it attaches to has others. */
export function namingVariables(env: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value !== undefined && value.length <= longest && naming.test(name) ? [[name, value]] : [])),
  );
}
