import { z } from 'zod';
import { drill, drillRemark, drillStep } from '../../../electron/contract/drills.ts';
import * as model from '../../../electron/contract/model.ts';

/** A JSON schema as far as the contract's outputs use it. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
  readonly prefixItems?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

/** Shapes that stand by their name. */
const named: readonly (readonly [string, z.ZodType])[] = [
  ['Snapshot', model.snapshotSummary],
  ['Source', model.source],
  ['Object', model.snapshotObject],
  ['Proof', model.proof],
  ['Verification', model.verification],
  ['Difference', model.difference],
  ['CheckResult', model.smokeResult],
  ['Preflight', model.preflight],
  ['Problem', model.problem],
  ['Undo', model.undoEntry],
  ['Job', model.job],
  ['Progress', model.progress],
  ['Error', model.wireError],
  ['Repository', model.repositoryState],
  ['Lock', model.lockInfo],
  ['Key', model.keySlot],
  ['Checkpoint', model.checkpoint],
  ['Drill', drill],
  ['DrillStep', drillStep],
  ['Remark', drillRemark],
  ['Found', model.discovered],
  ['JournalEntry', model.journalEntry],
  ['Page', model.page],
  ['Json', model.jsonObject],
];

const registry = z.registry<{ id: string }>();
for (const [id, schema] of named) registry.add(schema, { id });

/** The shape of what a schema lets out, as people write types: `{ snapshot: Snapshot, rows?: number }`. */
export function shapeOf(schema: z.ZodType): string {
  return written(z.toJSONSchema(schema, { metadata: registry, io: 'output', unrepresentable: 'any' }) as Schema, '');
}

/** The named shapes, each with its text. */
export function namedShapes(): readonly (readonly [string, string])[] {
  return named
    .filter(([name]) => name !== 'Json')
    .map(([name, schema]) => {
      const json = z.toJSONSchema(schema, { metadata: registry, io: 'output', unrepresentable: 'any' }) as Schema & {
        readonly $defs?: Readonly<Record<string, Schema>>;
      };
      return [name, written(json.$ref === undefined ? json : (json.$defs?.[name] ?? {}), '')];
    });
}

function written(schema: Schema, indent: string): string {
  if (schema.$ref !== undefined) return schema.$ref === '#' ? 'Error' : (schema.$ref.split('/').at(-1) ?? '');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  // The error codes: they have a page of their own.
  if (schema.enum !== undefined && schema.enum.length > 20) return 'string';
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const either = schema.anyOf ?? schema.oneOf;
  if (either !== undefined) return either.map((each) => written(each, indent)).join(' | ');
  if (schema.type === 'array') {
    const item = written(schema.items ?? {}, indent);
    return item.includes(' | ') && !item.startsWith('{') ? `(${item})[]` : `${item}[]`;
  }
  if (schema.type === 'object' && schema.properties !== undefined) return objectText(schema.properties, new Set(schema.required), indent);
  if (schema.type === 'object') return 'object';
  return schema.type === 'integer' ? 'number' : (schema.type ?? 'any JSON');
}

function objectText(properties: Readonly<Record<string, Schema>>, required: ReadonlySet<string>, indent: string): string {
  const fields = Object.entries(properties).map(([name, schema]) => `${name}${required.has(name) ? '' : '?'}: ${written(schema, `${indent}  `)}`);
  const line = `{ ${fields.join(', ')} }`;
  if (fields.length === 0) return '{}';
  return line.length + indent.length <= 100 && !line.includes('\n') ? line : `{\n${fields.map((field) => `${indent}  ${field}`).join('\n')}\n${indent}}`;
}
