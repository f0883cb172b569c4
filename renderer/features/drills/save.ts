import { useAnswer } from '../../api/host.tsx';
import { chooseFile } from '../../api/shell.ts';
import { saveFile } from '../../ui/save-file.ts';
import { useWork } from '../shared/work.ts';

export type SavedAs = 'md' | 'json';
const types = { md: 'text/markdown', json: 'application/json' } as const;

/**
 * Gives a record, or the log where no drill is named, to the person as a file, word for word that of the command line. A browser keeps what it is given;
 * in the desktop application the host writes where the system's own dialog says. Resolves with true where a file came of it.
 */
export function useSaveReport(): (name: string, as: SavedAs, drill: string | undefined, text: () => Promise<string | undefined>) => Promise<boolean> {
  const work = useWork();
  const folder = useAnswer('sources.overview', {}).data?.userFolder ?? '';
  return async (name, as, drill, text) => {
    if (chooseFile === undefined) {
      const found = await text();
      if (found !== undefined) saveFile(`${name}.${as}`, types[as], found);
      return found !== undefined;
    }
    const chosen = await chooseFile({ kind: 'report', suggested: `${folder}/${name}.${as}` });
    if (chosen === undefined) return false;
    return (await work('drill.report', { to: chosen.path, replace: chosen.replace, ...(drill === undefined ? {} : { drill }) })) !== undefined;
  };
}
