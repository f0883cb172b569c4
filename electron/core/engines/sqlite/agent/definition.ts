/**
 * The text of a definition without what has no meaning: comments gone, white space only between two words. Quoted names,
 * strings and the case of words stay as they are.
 */
export function normaliseSql(sql: string): string {
  const tokens = sql.match(/--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*'?|"(?:[^"]|"")*"?|`(?:[^`]|``)*`?|\[[^\]]*\]?|[\p{L}\p{N}_$.]+|\s+|[^\s]/gu) ?? [];
  let text = '';
  for (const token of tokens) {
    if (/^\s/.test(token) || token.startsWith('--') || token.startsWith('/*')) continue;
    text += isWord(text.at(-1)) && isWord(token[0]) ? ` ${token}` : token;
  }
  return text;
}

function isWord(character: string | undefined): boolean {
  return character !== undefined && /[\p{L}\p{N}_$."'`[\]]/u.test(character);
}
