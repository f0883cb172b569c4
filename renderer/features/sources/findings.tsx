import { Prose } from '../../ui/prose.tsx';
import { Name } from '../../ui/name.tsx';
import { capital } from '../shared/titles.ts';
import type { Tested } from './words.ts';

/** What a test of a connection found: facts, the tools that dump and restore and where they come from, and what to know. */
export function Facts({ facts, tools, warnings }: Pick<Tested, 'facts' | 'tools' | 'warnings'>) {
  return (
    <div className="mt-2 grid gap-3">
      {warnings.length > 0 && (
        <ul className="grid gap-1 text-warn" aria-label="To know">
          {warnings.map((warning) => (
            <li key={warning}>
              <Prose text={capital(warning)} />
            </li>
          ))}
        </ul>
      )}
      {tools.length > 0 && (
        <table className="border-collapse">
          <caption className="pb-1 text-left text-s font-semibold text-ink-2">Tools</caption>
          <tbody>
            {tools.map(({ tool, version, origin }) => (
              <tr key={tool}>
                <th scope="row" className="w-40 py-px pr-3 text-left font-mono text-s font-normal">
                  {tool}
                </th>
                <td className="w-24 py-px pr-3">{version}</td>
                <td className="py-px text-ink-2">
                  <Prose text={origin} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {facts.length > 0 && (
        <dl className="grid grid-cols-[10rem_1fr] gap-y-0.5">
          {facts.map(({ name, value }) => (
            <div key={name} className="contents">
              <dt className="text-ink-2">{capital(name)}</dt>
              <dd className="flex min-w-0">
                <Name text={value} />
              </dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}
