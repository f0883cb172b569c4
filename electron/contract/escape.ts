/**
 * Text of unknown origin, made safe for a terminal: control characters, line ends, bidirectional overrides, zero-width and
 * other invisible characters, and halves of surrogate pairs become `\n`, `\t` or `\u{...}`. The result is one line.
 * Style marks (see style.ts) pass.
 */
export function escapeText(text: string): string {
  return text.replace(unsafe, (character) => named.get(character) ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

const named = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

// C0, DEL and C1; soft hyphen; Arabic letter mark, Mongolian vowel separator; zero-width and direction marks, line and
// paragraph separators, embeddings, overrides and isolates; byte order mark, interlinear marks, tags; lone surrogates.
const unsafe =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/gu;
