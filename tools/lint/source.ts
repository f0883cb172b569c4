import { parseSync, Visitor } from 'oxc-parser';
import type { ImportDeclaration, Node } from 'oxc-parser';

/** One way in which a file reaches another module: import, export from, import(), import type, require, or a worker's URL. */
interface ImportUse {
  /** As written; undefined where it is computed and cannot be followed. */
  readonly specifier: string | undefined;
  /** Imported names; empty for whole modules. */
  readonly names: readonly string[];
  readonly line: number;
}

/** Direct use of the clock, of randomness or of the console. */
export interface WorldUse {
  readonly what: string;
  readonly kind: 'clock' | 'random' | 'console';
  readonly line: number;
}

export interface Source {
  readonly imports: readonly ImportUse[];
  readonly world: readonly WorldUse[];
  /** Comments that switch a net off. */
  readonly silencers: readonly { readonly text: string; readonly line: number }[];
  readonly lines: number;
  /** What the parser could not read; nothing else of the file is known then. */
  readonly broken: string | undefined;
}

const worldMembers = new Map<string, WorldUse['kind']>([
  ['Date.now', 'clock'],
  ['performance.now', 'clock'],
  ['performance.timeOrigin', 'clock'],
  ['process.hrtime', 'clock'],
  ['process.uptime', 'clock'],
  ['Math.random', 'random'],
  ['crypto.getRandomValues', 'random'],
  ['crypto.randomUUID', 'random'],
  ['crypto.randomBytes', 'random'],
  ['crypto.randomInt', 'random'],
]);
const randomNames = new Set(['randomBytes', 'randomFill', 'randomFillSync', 'randomInt', 'randomUUID', 'getRandomValues', 'webcrypto']);
const silencer = /\b(?:eslint|oxlint)-disable|@ts-(?:ignore|nocheck|expect-error)/;

/** Reads one TypeScript or JavaScript file: what it imports and what of the world it reaches directly. */
export function readSource(path: string, text: string): Source {
  const parsed = parseSync(path, text, path.endsWith('.ts') || path.endsWith('.tsx') ? {} : { lang: 'js' });
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
  const [error] = parsed.errors;
  if (error !== undefined) return { imports: [], world: [], silencers: [], lines, broken: error.message };

  const lineOf = lineFinder(text);
  const imports: ImportUse[] = [];
  const world: WorldUse[] = [];
  const reach = (specifier: string | undefined, node: Node, names: readonly string[] = []) => imports.push({ specifier, names, line: lineOf(node.start) });
  new Visitor({
    ImportDeclaration: (node) => reach(node.source.value, node, importedNames(node)),
    ExportNamedDeclaration: (node) => node.source !== null && reach(node.source.value, node),
    ExportAllDeclaration: (node) => reach(node.source.value, node),
    ImportExpression: (node) => reach(literal(node.source), node),
    TSImportType: (node) => reach(literal(node.source), node),
    CallExpression: (node) => {
      if (isName(node.callee, 'require') || memberName(node.callee) === 'import.meta.resolve') reach(literal(node.arguments[0]), node);
      if (isName(node.callee, 'Date')) world.push({ what: 'Date()', kind: 'clock', line: lineOf(node.start) });
    },
    NewExpression: (node) => {
      const [first, second] = node.arguments;
      if (isName(node.callee, 'Date') && first === undefined) world.push({ what: 'new Date()', kind: 'clock', line: lineOf(node.start) });
      if (isName(node.callee, 'URL') && second !== undefined && memberName(second) === 'import.meta.url') reach(literal(first), node);
    },
    MemberExpression: (node) => {
      const what = memberName(node);
      if (what === undefined) return;
      // A path built from the file's own place is an import that cannot be followed.
      if (what === 'import.meta.dirname' || what === 'import.meta.filename') reach(undefined, node);
      const kind = what.startsWith('console.') ? 'console' : worldMembers.get(what);
      if (kind !== undefined) world.push({ what, kind, line: lineOf(node.start) });
    },
  }).visit(parsed.program);
  for (const use of imports) {
    if (use.specifier !== 'node:crypto' && use.specifier !== 'crypto') continue;
    for (const name of use.names) if (randomNames.has(name)) world.push({ what: name, kind: 'random', line: use.line });
  }
  const silencers = parsed.comments
    .filter((comment) => silencer.test(comment.value))
    .map((comment) => ({ text: comment.value.trim(), line: lineOf(comment.start) }));
  return { imports, world, silencers, lines, broken: undefined };
}

function importedNames(node: ImportDeclaration): string[] {
  return node.specifiers.flatMap((specifier) =>
    specifier.type === 'ImportSpecifier' && specifier.imported.type === 'Identifier' ? [specifier.imported.name] : [],
  );
}

function isName(node: Node, name: string): boolean {
  return node.type === 'Identifier' && node.name === name;
}

function literal(node: Node | undefined): string | undefined {
  if (node?.type === 'Literal' && typeof node.value === 'string') return node.value;
  if (node?.type === 'TemplateLiteral' && node.expressions.length === 0) return node.quasis[0]?.value.cooked ?? undefined;
  return undefined;
}

/** `a.b` (also `a['b']` and `globalThis.a.b`) as text; undefined for anything deeper or computed. */
function memberName(node: Node): string | undefined {
  if (node.type !== 'MemberExpression') return undefined;
  const property = node.computed ? literal(node.property) : node.property.type === 'Identifier' ? node.property.name : undefined;
  if (property === undefined) return undefined;
  const { object } = node;
  if (object.type === 'Identifier') return object.name === 'globalThis' ? property : `${object.name}.${property}`;
  if (object.type === 'MetaProperty') return `import.meta.${property}`;
  const inner = memberName(object);
  return inner === undefined || inner.includes('.') ? undefined : `${inner}.${property}`;
}

function lineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  };
}
