import type { LineOption } from '../../../electron/contract/command-line.ts';
import type { SmokeCheck } from '../../../electron/contract/model.ts';

/** A check or a hook as somebody types it. */
export interface Draft {
  /** What it is told from others by while it is edited. */
  readonly id: number;
  readonly kind: 'query' | 'command' | 'http' | 'migrate';
  readonly text: string;
  /** Of a query: what its first cell must be; any row counts where it is empty. */
  readonly expect: string;
}

export interface Hook {
  readonly argv: [string, ...string[]];
  readonly cwd: string;
}

/** The checks among what was typed, as the command line makes them; what is empty is none. Programs run in `folder`. */
export function checksOf(drafts: readonly Draft[], folder: string): SmokeCheck[] {
  return drafts.flatMap((draft): SmokeCheck[] => {
    const text = draft.text.trim();
    if (text === '') return [];
    switch (draft.kind) {
      case 'query':
        return draft.expect === ''
          ? [{ kind: 'query', name: nameOf(text), sql: text }]
          : [{ kind: 'query', name: nameOf(`${text} == ${draft.expect}`), sql: text, expect: draft.expect }];
      case 'command':
        // Names are kept with every proof: arguments and queries may hold secrets.
        return [{ kind: 'command', name: nameOf(wordsOf(text)[0] ?? text), argv: wordsOf(text), cwd: folder, exitCode: 0 }];
      case 'http':
        return [{ kind: 'http', name: nameOf(text.replace(/[?#].*$/, '')), url: text, status: 200 }];
      case 'migrate':
        return [];
    }
  });
}

/** The programs that change the copy once it was compared, in the order in which they were typed. */
export function hooksOf(drafts: readonly Draft[], folder: string): Hook[] {
  return drafts.flatMap(({ kind, text }) => {
    const [program, ...args] = wordsOf(text);
    return kind === 'migrate' && program !== undefined ? [{ argv: [program, ...args], cwd: folder }] : [];
  });
}

/** The same as options of the command line. */
export function checkOptions(drafts: readonly Draft[]): LineOption[] {
  return drafts.flatMap((draft): LineOption[] => {
    const text = draft.text.trim();
    if (text === '') return [];
    if (draft.kind === 'query') return [['--check-query', draft.expect === '' ? text : `${text} == ${draft.expect}`]];
    return [[`--${draft.kind === 'migrate' ? 'migrate' : `check-${draft.kind}`}`, text]];
  });
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** A check is called what was typed, on one line: its name is kept with every proof. */
function nameOf(text: string): string {
  return text
    .replace(/[\s\u0000-\u001f\u007f]+/g, ' ')
    .trim()
    .slice(0, 200);
}
