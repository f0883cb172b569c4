import { size } from '../../ui/format.ts';
import { partsOf } from './growth.ts';
import type { Usage } from './growth.ts';

/** From the largest part on: the table says which is which. */
const inks = ['bg-step', 'bg-line-strong', 'bg-ink-3', 'bg-line', 'bg-ink-2', 'bg-sunken', 'bg-hover'] as const;

/** What takes room: one bar, and the table that names its parts. */
export function RoomBar({ usage }: { readonly usage: Usage }) {
  const parts = partsOf(usage);
  return (
    <div className="grid gap-3">
      <div aria-hidden="true" className="flex h-3.5 gap-px overflow-hidden rounded-s">
        {parts.map((part, at) => (
          <span
            key={part.key}
            title={`${part.title} ${size(part.bytes)}`}
            className={`min-w-[3px] ${inks[at] ?? 'bg-line'}`}
            style={{ flexGrow: part.bytes }}
          />
        ))}
      </div>
      <table className="w-full border-collapse">
        <caption className="sr-only">What takes room</caption>
        <thead className="sr-only">
          <tr>
            <th scope="col">Part</th>
            <th scope="col">Size</th>
            <th scope="col">Share</th>
          </tr>
        </thead>
        <tbody>
          {parts.map((part, at) => (
            <tr key={part.key} className="border-b border-line last:border-b-0">
              <th scope="row" className="w-full max-w-0 truncate py-1.5 text-left font-normal">
                <span aria-hidden="true" className={`mr-2 inline-block size-2.5 rounded-[2px] border border-step ${inks[at] ?? 'bg-line'}`} />
                <span className="mr-2 font-strong">{part.title}</span>
                <span className="text-s text-ink-3" title={part.text}>
                  {part.text}
                </span>
              </th>
              <td className="figures pl-3 text-right whitespace-nowrap">{size(part.bytes)}</td>
              <td className="figures pl-3 text-right whitespace-nowrap text-ink-2">
                {part.share < 0.01 ? '< 1 %' : `${String(Math.round(part.share * 100))} %`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
