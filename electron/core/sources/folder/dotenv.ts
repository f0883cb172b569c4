/** What a name stands for; undefined where it is not set. */
export type Lookup = (name: string) => string | undefined;

const assignment = /^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*(?:=|:[ \t])[ \t]*/;
const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$' };
const mostDepth = 10;

/**
 * The variables of a `.env` file as Compose and the dotenv libraries read them: `export`, comments, values in single quotes (as they are)
 * or in double quotes (with escapes, over several lines), `${NAME}` taken from `lookup` first and then from the lines above. Lines that
 * are no assignment are passed over.
 */
export function parseDotenv(text: string, lookup: Lookup): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const both: Lookup = (name) => lookup(name) ?? found.get(name);
  let rest = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  while (rest !== '') {
    const start = assignment.exec(rest);
    if (start === null) {
      rest = afterLine(rest);
      continue;
    }
    rest = rest.slice(start[0].length);
    const value = readValue(rest);
    rest = afterLine(rest.slice(value.length));
    found.set(start[1] ?? '', value.literal ? value.text : interpolate(value.text, both));
  }
  return found;
}

interface Value {
  readonly text: string;
  readonly length: number;
  /** True where `$` stands for itself. */
  readonly literal: boolean;
}

function readValue(text: string): Value {
  const [quote = ''] = text;
  if (quote === "'") {
    const end = text.indexOf("'", 1);
    if (end !== -1) return { text: text.slice(1, end), length: end + 1, literal: true };
  }
  if (quote === '"') {
    const quoted = /^"((?:[^"\\]|\\[^])*)"/.exec(text);
    if (quoted !== null) return { text: unescape(quoted[1] ?? ''), length: quoted[0].length, literal: false };
  }
  const line = /^[^\n]*/.exec(text)?.[0] ?? '';
  const value = line.startsWith('#') ? '' : line.replace(/(?<![ \t])[ \t]+#.*$/, '');
  return { text: value.trimEnd(), length: line.length, literal: false };
}

function unescape(text: string): string {
  // An escaped `$` stays one through the interpolation.
  return text.replaceAll(/\\([^])/g, (all, character: string) => (character === '$' ? '$$' : (escapes[character] ?? all)));
}

function afterLine(text: string): string {
  const end = text.indexOf('\n');
  return end === -1 ? '' : text.slice(end + 1);
}

/**
 * As Compose does: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`, `${NAME:+other}`, `${NAME+other}`, `$$` for `$`, defaults
 * that hold variables themselves. What is required (`?`) and not set is empty: nothing is run, so nothing has to stop.
 */
export function interpolate(text: string, lookup: Lookup, depth = 0): string {
  let out = '';
  for (let at = 0; at < text.length;) {
    const dollar = text.indexOf('$', at);
    if (dollar === -1 || depth > mostDepth) return out + text.slice(at);
    out += text.slice(at, dollar);
    const rest = text.slice(dollar + 1);
    const plain = /^[A-Za-z_][A-Za-z0-9_]*/.exec(rest)?.[0];
    if (rest.startsWith('$')) {
      out += '$';
      at = dollar + 2;
    } else if (plain !== undefined) {
      out += lookup(plain) ?? '';
      at = dollar + 1 + plain.length;
    } else {
      const end = rest.startsWith('{') ? closing(rest) : -1;
      if (end === -1) {
        out += '$';
        at = dollar + 1;
      } else {
        out += braced(rest.slice(1, end), lookup, depth);
        at = dollar + 2 + end;
      }
    }
  }
  return out;
}

/** What is longer is no variable: looked for without an end, many that are not closed would take hours. */
const longestReference = 1000;
const [opens, closes] = [123, 125];

/** Where the brace that opens the text is closed; -1 where it is not. */
function closing(text: string): number {
  let open = 0;
  const most = Math.min(text.length, longestReference);
  for (let at = 0; at < most; at += 1) {
    const code = text.charCodeAt(at);
    if (code === opens) open += 1;
    else if (code === closes) open -= 1;
    if (open === 0) return at;
  }
  return -1;
}

function braced(inner: string, lookup: Lookup, depth: number): string {
  const [, name = '', operator = '', word = ''] = /^([A-Za-z_][A-Za-z0-9_]*)(:?[-+?])?([^]*)$/.exec(inner) ?? [];
  if (name === '') return `\${${inner}}`;
  const value = lookup(name);
  const set = operator.startsWith(':') ? value !== undefined && value !== '' : value !== undefined;
  if (operator.endsWith('-')) return set ? (value ?? '') : interpolate(word, lookup, depth + 1);
  if (operator.endsWith('+')) return set ? interpolate(word, lookup, depth + 1) : '';
  return value ?? '';
}
