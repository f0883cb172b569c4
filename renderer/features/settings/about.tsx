import { BelayMark } from '../../ui/icons.tsx';

const parts = [
  ['React', 'MIT'],
  ['Base UI', 'MIT'],
  ['TanStack Query and Virtual', 'MIT'],
  ['Tailwind CSS', 'MIT'],
  ['wouter', 'Unlicense'],
  ['Inter', 'SIL Open Font License 1.1'],
  ['better-sqlite3', 'MIT'],
  ['node-postgres', 'MIT'],
  ['tar-stream', 'MIT'],
  ['ws', 'MIT'],
  ['yaml', 'ISC'],
  ['zod', 'MIT'],
  ['commander', 'MIT'],
] as const;

/** What this is, and what it is made of. */
export function About({ version }: { readonly version: string | undefined }) {
  return (
    <>
      <p className="flex items-center gap-2">
        <span className="text-accent">
          <BelayMark />
        </span>
        <b className="font-strong">Belay {version}</b>
        <span className="text-ink-2">Snapshots, restores and proves local databases. Apache License 2.0.</span>
      </p>
      <h3 className="text-s font-semibold text-ink-2">It is made with</h3>
      <ul className="grid grid-cols-2 gap-x-6 wide:grid-cols-3">
        {parts.map(([name, licence]) => (
          <li key={name} className="flex min-w-0 justify-between gap-2">
            <span>{name}</span>
            <span className="text-s text-ink-3">{licence}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
