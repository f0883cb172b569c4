/** Columns that `text` takes on a terminal: 0 for combining characters and style marks, 2 for wide ones. `text` is escaped already. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += widthOfCharacter(character);
  return width;
}

function widthOfCharacter(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  if ((code >= 0xfdd0 && code <= 0xfdd7) || combining.test(character)) return 0;
  return wide.some(([from, to]) => code >= from && code <= to) ? 2 : 1;
}

const combining = /^[\p{Mn}\p{Me}\p{Cf}]$/u;

/** Ranges of East Asian wide and of emoji characters, as terminals draw them. */
const wide: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe4f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1f9ff],
  [0x20000, 0x3fffd],
];

/** `text` in at most `most` columns, the middle left out where it is longer. Marks of style are kept. */
export function fit(text: string, most: number): string {
  if (widthOf(text) <= most) return text;
  if (most <= 1) return most <= 0 ? '' : '…';
  const characters = [...text];
  const head: string[] = [];
  const tail: string[] = [];
  let left = most - 1;
  let [from, to] = [0, characters.length - 1];
  let front = true;
  while (from <= to) {
    const character = characters[front ? from : to] ?? '';
    const width = widthOf(character);
    if (width > left) break;
    left -= width;
    if (front) {
      head.push(character);
      from += 1;
    } else {
      tail.unshift(character);
      to -= 1;
    }
    front = !front;
  }
  const skippedMarks = characters.slice(from, to + 1).filter((character) => widthOf(character) === 0 && /[\ufdd0-\ufdd7]/.test(character));
  return [...head, '…', ...tail, ...skippedMarks].join('');
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text;
}
