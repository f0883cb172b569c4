import { AppError } from '../../../base/errors.ts';

const [newline, carriageReturn, dot, backslash] = [10, 13, 46, 92];
/** A line that is no row is held whole. */
const longestStatement = 256 << 20;

export interface ScriptNotes {
  /** Statements of owners and rights that were left out. */
  owners: number;
  /** True where the last thing was pg_dump's own mark of the end. */
  ended: boolean;
}

/**
 * A plain dump as it can be run by a role without rights in a database of our own: without the dump's own `\restrict`, without `\connect` and what belongs to the database
 * itself, without owners and grants, and without what `--clean` drops before it makes anything. Only lines that begin a statement are looked at; rows of COPY, literals and bodies of functions pass as they are. No safety rests on
 * this: psql is restricted and the role can do nothing, whatever passes. Throws `source.unsupported` for a dump of several databases.
 */
export async function* forOneRole(script: AsyncIterable<Uint8Array>, notes: ScriptNotes): AsyncGenerator<Uint8Array> {
  let inRows = false;
  let middle = false;
  let connected = false;
  let made = false;
  const lexer = new Lexer();
  let held = Buffer.alloc(0);

  const keeps = (asItLies: string): boolean => {
    const line = asItLies.replace(/\r$/, '');
    if (line !== '' && !/^\s*(?:--.*)?$|^\\(?:un)?restrict /.test(line)) notes.ended = false;
    if (!lexer.betweenStatements) {
      lexer.read(line);
      return true;
    }
    if (line === '-- PostgreSQL database dump complete') notes.ended = true;
    if (line.startsWith('-- PostgreSQL database cluster dump')) throw several();
    if (line.startsWith('\\connect ')) {
      if (connected) throw several();
      connected = true;
      return false;
    }
    if (/^\\(?:un)?restrict /.test(line)) return false;
    if (line === 'SET standard_conforming_strings = off;') lexer.backslashes = true;
    if (ambiguous.test(line)) throw ambiguousBytes(line);
    if (ofDatabase.test(line) && whole(line)) return false;
    made ||= line.startsWith('CREATE ');
    if ((!made && dropped.test(line) && whole(line)) || line === unknownToOlder) return false;
    if (/^(?:GRANT|REVOKE|ALTER DEFAULT PRIVILEGES) |^ALTER .* OWNER TO .*;$/.test(line) && whole(line)) {
      notes.owners += 1;
      return false;
    }
    lexer.read(line);
    inRows = /^COPY .* FROM stdin(?: .*)?;$/i.test(line) && lexer.betweenStatements;
    return true;
  };

  for await (const part of script) {
    const bytes = held.length === 0 ? Buffer.from(part.buffer, part.byteOffset, part.byteLength) : Buffer.concat([held, part]);
    let from = 0;
    let begin = 0;
    for (let end = bytes.indexOf(newline, held.length); end !== -1; end = bytes.indexOf(newline, begin)) {
      if (inRows) {
        // Rows are text of COPY: this line is none.
        if (!middle && endsRows(bytes, begin, end)) inRows = false;
        middle = false;
      } else if (!keeps(bytes.toString('latin1', begin, end))) {
        if (begin > from) yield bytes.subarray(from, begin);
        from = end + 1;
      }
      begin = end + 1;
    }
    const rest = bytes.length - begin;
    if (inRows && rest > 3) {
      middle = true;
      begin = bytes.length;
    }
    if (begin > from) yield Buffer.from(bytes.subarray(from, begin));
    held = Buffer.from(bytes.subarray(begin));
    if (held.length > longestStatement)
      throw new AppError('source.unsupported', 'The script has a line of more than 256 MiB.', { hint: 'Dump it with COPY, which is the default of pg_dump.' });
  }
  if (held.length > 0 && (inRows || keeps(held.toString('latin1')))) yield held;
  if (inRows) notes.ended = false;
}

/** True for `\.`, also with the end of a line of Windows. */
function endsRows(bytes: Uint8Array, begin: number, end: number): boolean {
  if (bytes[begin] !== backslash || bytes[begin + 1] !== dot) return false;
  return end - begin === 2 || (end - begin === 3 && bytes[begin + 2] === carriageReturn);
}

/** With `pg_dump --clean`, what stands first: in a new database there is nothing to be dropped. */
const dropped = /^(?:DROP [A-Z]|ALTER TABLE .* DROP (?:CONSTRAINT|DEFAULT)\b|SELECT pg_catalog\.lo_unlink\()/;
/** What pg_dump 17 and newer sets for itself. */
const unknownToOlder = 'SET transaction_timeout = 0;';

/** What belongs to the database itself, and what acts as another role. */
const ofDatabase =
  /^(?:CREATE|ALTER|DROP) DATABASE |^COMMENT ON DATABASE |^(?:GRANT|REVOKE) .* ON DATABASE |^ALTER ROLE .* IN DATABASE |^SET SESSION AUTHORIZATION /;

/** Encodings whose characters may hold the bytes of a backslash or a quote: no server keeps text in them. */
const ambiguous = /^SET client_encoding = '(?:SJIS|SHIFT_JIS_2004|BIG5|GBK|UHC|GB18030|JOHAB)';$/;

function ambiguousBytes(line: string): AppError {
  return new AppError('source.unsupported', `The script is in an encoding that cannot be read line by line (${line}).`, {
    hint: 'Dump it without --encoding.',
  });
}

/** One statement on one line, so that leaving the line out leaves no part behind. */
function whole(line: string): boolean {
  const lexer = new Lexer();
  lexer.read(line);
  return lexer.betweenStatements;
}

function several(): AppError {
  return new AppError('source.unsupported', 'The script is a dump of a whole server or of several databases (pg_dumpall).', {
    hint: 'Take databases in one by one: dump each with pg_dump. Roles are not taken in.',
  });
}

/** Where in SQL one is: within a literal, a quoted name, a body between dollars, a comment, a statement; bytes as Latin, since what counts is ASCII. */
class Lexer {
  private inside: '' | "'" | 'E' | '"' | '/' | '$' = '';
  private tag = '';
  private depth = 0;
  private parentheses = 0;
  private begun = false;
  /** True where a backslash escapes in every literal, as it did long ago. */
  backslashes = false;

  get betweenStatements(): boolean {
    return this.inside === '' && !this.begun;
  }

  read(line: string): void {
    for (let at = 0; at < line.length;) at = this.inside === '' ? this.outside(line, at) : this.within(line, at);
  }

  private outside(line: string, at: number): number {
    const special = /['"$/;()]|--|\S/g;
    special.lastIndex = at;
    const found = special.exec(line);
    if (found === null) return line.length;
    const [token] = found;
    const next = found.index + token.length;
    if (token === '--') return line.length;
    if (token === '/') {
      if (line[next] !== '*') return this.go(next);
      this.inside = '/';
      this.depth = 1;
      return next + 1;
    }
    if (token === ';' && this.parentheses === 0) {
      this.begun = false;
      return next;
    }
    this.begun = true;
    if (token === '(') this.parentheses += 1;
    else if (token === ')') this.parentheses = Math.max(0, this.parentheses - 1);
    else if (token === '"') this.inside = '"';
    else if (token === "'")
      this.inside = this.backslashes || /(?<![\w$\u0080-\u00ff])[eE]$/.test(line.slice(Math.max(0, found.index - 2), found.index)) ? 'E' : "'";
    else if (token === '$') {
      const opened = /^\$(?:[A-Za-z_\u0080-\u00ff][\w\u0080-\u00ff]*)?\$/.exec(line.slice(found.index, found.index + 200));
      if (opened === null) return next;
      this.inside = '$';
      [this.tag] = opened;
      return found.index + this.tag.length;
    } else return wordEnd(line, found.index);
    return next;
  }

  private go(next: number): number {
    this.begun = true;
    return next;
  }

  private within(line: string, at: number): number {
    if (this.inside === '$') return this.closeAt(line, at, this.tag);
    if (this.inside === '/') return this.comment(line, at);
    if (this.inside !== 'E') return this.closeAt(line, at, this.inside);
    const found = /\\|'/g;
    found.lastIndex = at;
    const next = found.exec(line);
    if (next === null) return line.length;
    if (next[0] === '\\') return next.index + 2;
    this.inside = '';
    return next.index + 1;
  }

  /** A doubled quote closes and opens again, which comes to the same. */
  private closeAt(line: string, at: number, token: string): number {
    const end = line.indexOf(token, at);
    if (end === -1) return line.length;
    this.inside = '';
    return end + token.length;
  }

  private comment(line: string, at: number): number {
    const found = /\/\*|\*\//g;
    found.lastIndex = at;
    const next = found.exec(line);
    if (next === null) return line.length;
    this.depth += next[0] === '/*' ? 1 : -1;
    if (this.depth === 0) this.inside = '';
    return next.index + 2;
  }
}

/** Past a word, in which a dollar is part of a name. */
function wordEnd(line: string, at: number): number {
  const word = /[\w$\u0080-\u00ff]*/y;
  word.lastIndex = at;
  const length = word.exec(line)?.[0].length ?? 0;
  // The letter before a quote may be its `E`.
  return at + Math.max(1, length);
}
