import { useState } from 'react';
import type { SnapshotSummary, Source } from '../../../electron/contract/model.ts';
import { hostError } from '../../api/errors.ts';
import type { HostError } from '../../api/errors.ts';
import { useAnswer, useLink } from '../../api/host.tsx';
import { chooseFile } from '../../api/shell.ts';
import { Button } from '../../ui/button.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { Field } from '../../ui/fields.tsx';
import { size } from '../../ui/format.ts';
import { engineName } from '../../ui/marks.tsx';
import { Notice } from '../../ui/marks.tsx';
import { Dialog } from '../../ui/overlay.tsx';
import { Prose } from '../../ui/prose.tsx';
import { tell } from '../../ui/toast.tsx';
import { Failure } from '../shared/failure.tsx';
import { lines } from '../shared/lines.ts';

/** What the engine's own tools read without Belay, by the ending of a file. */
const endings: Readonly<Record<string, readonly [ending: string, words: string]>> = {
  sqlite: ['.sqlite', 'A plain SQLite file.'],
  postgres: ['.dump', 'The ending says the format: .dump for pg_restore, .sql or .sql.gz for psql.'],
};

/** Asks for a file on the host's machine, and writes the snapshot there in its engine's own format. */
export function ExportDialog({ snapshot, source, onClose }: ExportDialogProps) {
  const link = useLink();
  const [ending, words] = endings[snapshot.engine] ?? ['', ''];
  const userFolder = useAnswer('sources.overview', {}).data?.userFolder;
  const [to, setTo] = useState(() => suggestion(snapshot, source, ending, userFolder));
  /** The file that the person said to replace, and no other. */
  const [replaced, setReplaced] = useState<string>();
  const replace = replaced !== undefined && replaced === to.trim();
  const [failure, setFailure] = useState<HostError>();
  const [running, setRunning] = useState<AbortController>();
  const write = async (over = replace): Promise<void> => {
    const controller = new AbortController();
    setRunning(controller);
    setFailure(undefined);
    try {
      const { files } = await link.call('export', { snapshot: snapshot.id, to: to.trim(), replace: over }, { signal: controller.signal });
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
      tell({ title: 'The snapshot was exported', text: `${files[0]?.path ?? to} · ${size(bytes)}` });
      onClose();
    } catch (error) {
      setFailure(hostError(error));
      setRunning(undefined);
    }
  };
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Export the snapshot"
      lead={`As ${engineName(snapshot.engine)}'s own tools read it, without Belay. A file that is there is replaced only if you say so.`}
      footer={
        <>
          {running === undefined ? <Button onClick={onClose}>Not now</Button> : <Button onClick={() => running.abort()}>Stop</Button>}
          <Button kind="primary" type="submit" form="export" disabled={to.trim() === '' || running !== undefined}>
            {running === undefined ? 'Export' : 'Exporting…'}
          </Button>
        </>
      }
    >
      <form
        id="export"
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (running === undefined) void write();
        }}
      >
        <div className="grid grid-cols-[1fr_auto] items-start gap-2">
          <Field
            label="New file"
            hint={replace ? 'The file of that name is replaced when the new one is whole.' : words}
            value={to}
            onChange={(event) => {
              setTo(event.target.value);
              setFailure(undefined);
            }}
            className="font-mono text-s"
          />
          {chooseFile !== undefined && (
            <Button
              className="mt-[21px]"
              onClick={() =>
                void chooseFile?.({ kind: 'export', suggested: to.trim() }).then((chosen) => {
                  if (chosen === undefined) return;
                  setTo(chosen.path);
                  setReplaced(chosen.replace ? chosen.path : undefined);
                  setFailure(undefined);
                })
              }
            >
              Choose…
            </Button>
          )}
        </div>
        {failure?.code === 'target.exists' && !replace ? (
          <Notice
            tone="warn"
            title={<Prose text={failure.message} />}
            action={
              <Button
                kind="danger"
                onClick={() => {
                  setReplaced(to.trim());
                  void write(true);
                }}
              >
                Replace it
              </Button>
            }
          >
            Name another file, or replace it. It is as it was until the new one is whole.
          </Notice>
        ) : (
          failure !== undefined && <Failure error={failure} />
        )}
        <CommandLine line={lines.export(snapshot, to.trim(), replace)} />
      </form>
    </Dialog>
  );
}

interface ExportDialogProps {
  readonly snapshot: SnapshotSummary;
  readonly source: Source | undefined;
  readonly onClose: () => void;
}

/** Beside the source's file, else in the user's folder. */
function suggestion(snapshot: SnapshotSummary, source: Source | undefined, ending: string, userFolder = ''): string {
  const path = source?.location['path'];
  const folder = typeof path === 'string' ? path.replace(/[^\\/]*$/, '') : `${userFolder}/`;
  const name = `${snapshot.source}-${snapshot.name ?? `snapshot-${String(snapshot.seq)}`}`.replaceAll(/[^A-Za-z0-9._-]+/g, '-');
  return `${folder}${name}${ending}`;
}
