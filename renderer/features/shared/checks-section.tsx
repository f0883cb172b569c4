import { Button, IconButton } from '../../ui/button.tsx';
import { Field, Select } from '../../ui/fields.tsx';
import { Icon } from '../../ui/icons.tsx';
import type { Draft } from './checks.ts';

const kinds: readonly (readonly [Draft['kind'], string, string])[] = [
  ['query', 'Query', 'select count(*) from orders'],
  ['command', 'Program ends with 0', 'npm run smoke'],
  ['http', 'Address answers 200', 'http://127.0.0.1:3000/health'],
  ['migrate', 'Migration, run first', 'npm run migrate'],
];

interface ChecksProps {
  readonly drafts: readonly Draft[];
  readonly onChange: (drafts: readonly Draft[]) => void;
  readonly folder: string;
  readonly onFolder: (folder: string) => void;
  /** False where no copy stays that a migration could change. */
  readonly migrations: boolean;
  /** What a failing one comes to. */
  readonly lead: string;
}

/** What must hold in the copy before it may be put in place: queries, programs, addresses; and programs that change it first. */
export function ChecksSection({ drafts, onChange, folder, onFolder, migrations, lead }: ChecksProps) {
  const offered = kinds.filter(([kind]) => migrations || kind !== 'migrate');
  const add = (kind: Draft['kind']): void => onChange([...drafts, { id: 1 + Math.max(0, ...drafts.map((one) => one.id)), kind, text: '', expect: '' }]);
  const change = (id: number, part: Partial<Draft>): void => onChange(drafts.map((one) => (one.id === id ? { ...one, ...part } : one)));
  const runs = drafts.some((one) => one.kind === 'command' || one.kind === 'migrate');
  return (
    <section aria-label="Checks of your own" className="grid gap-2">
      <div className="flex items-center gap-2">
        <h3 className="text-s font-semibold text-ink-2">Checks of your own</h3>
        <span className="text-s text-ink-3">{lead}</span>
        <Button small className="ml-auto" onClick={() => add('query')}>
          Add a check
        </Button>
      </div>
      {drafts.length > 0 && (
        <ul className="grid gap-2">
          {drafts.map((draft, at) => (
            <li key={draft.id} className="grid grid-cols-[150px_1fr_auto] items-start gap-2">
              <Select
                aria-label={`Kind of check ${String(at + 1)}`}
                value={draft.kind}
                onChange={(kind) => change(draft.id, { kind })}
                options={offered.map(([key, title]) => ({ key, title }))}
              />
              <div className="grid gap-1">
                <Field
                  aria-label={kinds.find(([kind]) => kind === draft.kind)?.[1]}
                  className="font-mono text-s"
                  placeholder={kinds.find(([kind]) => kind === draft.kind)?.[2]}
                  value={draft.text}
                  onChange={(event) => change(draft.id, { text: event.target.value })}
                />
                {draft.kind === 'query' && (
                  <Field
                    aria-label="Expected first cell"
                    className="font-mono text-s"
                    placeholder="expected first cell; empty: any row"
                    value={draft.expect}
                    onChange={(event) => change(draft.id, { expect: event.target.value })}
                  />
                )}
              </div>
              <IconButton label={`Remove check ${String(at + 1)}`} onClick={() => onChange(drafts.filter((one) => one.id !== draft.id))}>
                <Icon name="close" size={14} />
              </IconButton>
            </li>
          ))}
        </ul>
      )}
      {runs && (
        <Field
          label="Programs run in this folder"
          className="font-mono text-s"
          value={folder}
          onChange={(event) => onFolder(event.target.value)}
          hint="Split at spaces, without a shell. BELAY_RESTORED names the copy."
        />
      )}
    </section>
  );
}
