import type { Problem } from '../repository.ts';

export type FaultKind = Problem['kind'];

interface Finding {
  readonly file: string;
  readonly kind: FaultKind;
  readonly statements: Set<string>;
  repairable: boolean;
}

/** Sentences of one file's problem before the rest is only counted. */
const MOST_STATEMENTS = 8;

/** What a check found wrong, one entry a file. */
export class Findings {
  private readonly byFile = new Map<string, Finding>();
  private readonly whole: Problem[] = [];

  /** Notes a fault. What is once not repairable stays so; the first kind of a file stands. */
  add(file: string, kind: FaultKind, sentence: string, repairable: boolean): void {
    // The error of a read names its file, and so does the problem.
    const statement = sentence.startsWith(`${file}: `) ? sentence.slice(file.length + 2) : sentence;
    const known = this.byFile.get(file);
    if (known === undefined) {
      this.byFile.set(file, { file, kind, statements: new Set([statement]), repairable });
      return;
    }
    known.statements.add(statement);
    known.repairable &&= repairable;
  }

  /** Takes over a problem that somebody else found, unless the file has one. */
  take(problem: Problem): void {
    if (!this.whole.some((known) => known.file === problem.file)) this.whole.push(problem);
  }

  get count(): number {
    return this.byFile.size + this.whole.length;
  }

  has(file: string): boolean {
    return this.byFile.has(file) || this.whole.some((known) => known.file === file);
  }

  /** The problems in order of file, with what each affects; those to which a chunk is lost are beyond repair from here. */
  problems(affects: ReadonlyMap<string, Problem['affects']>, blamed: ReadonlySet<string>): readonly Problem[] {
    const own = [...this.byFile.values()].map((finding): Problem => {
      const statements = [...finding.statements];
      const more = statements.length - MOST_STATEMENTS;
      const told = statements.slice(0, MOST_STATEMENTS).join(' ') + (more > 0 ? ` And ${String(more)} more.` : '');
      const affected = affects.get(finding.file) ?? [];
      // A second copy is mended from the first one alone.
      const first = finding.file.replace(/^meta\.copy\//, 'meta/');
      return {
        file: finding.file,
        kind: finding.kind,
        statement: told,
        affects: affected,
        repairable: finding.repairable && affected.length === 0 && !affects.has(first) && !blamed.has(first),
      };
    });
    return [...this.whole, ...own].toSorted((a, b) => (a.file < b.file ? -1 : 1));
  }
}
