/**
 * Styles travel through the text as marks (noncharacters that no text carries), so that everything printed can be escaped as
 * a whole and still be coloured. `paint` turns them into escape sequences or drops them.
 */
const marks = {
  strong: '\ufdd0',
  dim: '\ufdd1',
  good: '\ufdd2',
  look: '\ufdd3',
  bad: '\ufdd4',
  act: '\ufdd5',
} as const;
const end = '\ufdd7';

export type Style = keyof typeof marks;

const sequences: Readonly<Record<string, string>> = {
  [marks.strong]: '\u001b[1m',
  [marks.dim]: '\u001b[2m',
  [marks.good]: '\u001b[32m',
  [marks.look]: '\u001b[33m',
  [marks.bad]: '\u001b[31m',
  [marks.act]: '\u001b[34m',
  [end]: '\u001b[0m',
};

/** `text` in a style; styles do not nest. Green (`good`) is kept for *proved* and for *every byte read*. */
export function styled(style: Style, text: string): string {
  return text === '' ? '' : `${marks[style]}${text}${end}`;
}

export function paint(text: string, colour: boolean): string {
  const painted = text.replace(/[\ufdd0-\ufdd7]/g, (mark) => (colour ? (sequences[mark] ?? '') : ''));
  return colour && text.search(/[\ufdd0-\ufdd6][^\ufdd7]*$/) !== -1 ? painted + sequences[end] : painted;
}

/** Whether a stream gets colour: `--no-color` and `NO_COLOR` forbid, `--color` and `FORCE_COLOR` demand, else a terminal that can. */
export function wantsColour(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>, option: boolean | undefined): boolean {
  if (option !== undefined) return option;
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  const force = env['FORCE_COLOR'];
  if (force !== undefined) return force !== '0' && force !== 'false';
  return isTerminal && env['TERM'] !== 'dumb';
}
