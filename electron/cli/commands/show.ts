import { count, counted } from '../../core/app/faces.ts';
import { ago, exact, size, when } from '../output/format.ts';
import { styled } from '../output/style.ts';
import { factsText, proofSteps, snapshotPhrase, warningLines } from '../output/views.ts';
import { snapshotRef } from '../refs.ts';
import type { CommandSpec } from '../spec.ts';
import type { Proof } from '../../contract/model.ts';

export const show: CommandSpec = {
  name: 'show',
  summary: 'what is in a snapshot and how far it is proved',
  arguments: [{ name: '[snapshot]', description: 'id, number, name, or latest:<source> (default: latest)', complete: 'snapshot' }],
  examples: [
    { line: 'belay show latest:shop', what: 'the newest of a source' },
    { line: 'belay show 12', what: 'by its number' },
  ],
  run: async (context, input) => {
    const data = await context.call('snapshot.show', { snapshot: snapshotRef(input.word(0) ?? 'latest') });
    return {
      data,
      print: (output) => {
        const { snapshot } = data;
        output.line(styled('strong', `Snapshot ${snapshotPhrase(snapshot, context.now)}`));
        output.facts([
          ['id', snapshot.id],
          ['engine', snapshot.engine],
          ['only a part', snapshot.part?.join('; ')],
          ['size', `${size(snapshot.bytes)} in ${counted(data.objectsTotal, 'object')}, ${counted(snapshot.rows, 'row')}`],
          ['added', size(snapshot.added)],
          ['proof', proofSteps(snapshot)],
          ['note', snapshot.note],
          ['tags', snapshot.tags.join(', ')],
          ['pinned', snapshot.pin === undefined ? undefined : `${snapshot.pin.reason} (${when(snapshot.pin.at, context.now)})`],
          ['consistency', typeof data.capture['consistency'] === 'string' ? data.capture['consistency'] : undefined],
          ['parent', data.parent],
        ]);
        output.line();
        output.table(
          [{ title: 'proof' }, { title: 'result' }, { title: 'shown' }, { title: 'evidence', least: 20 }],
          data.proofs.map((proof) => [proof.level, resultWord(proof), proof.at === undefined ? '' : when(proof.at, context.now), evidenceText(proof)]),
        );
        output.lines(warningLines(data.proofs.flatMap(warningsIn)));
        output.line();
        output.table(
          [
            { title: 'object', least: 16 },
            { title: 'kind' },
            { title: 'rows', align: 'right' },
            { title: 'size', align: 'right' },
            { title: 'fingerprint', least: 8 },
          ],
          data.objects.map((object) => [
            object.name,
            object.kind,
            object.rows === undefined ? '' : count(object.rows),
            object.bytes === undefined || (object.bytes === 0 && object.kind !== 'file') ? '' : size(object.bytes),
            object.fingerprint?.slice(0, 16) ?? '',
          ]),
        );
        if (data.objects.length < data.objectsTotal) output.line(`${count(data.objects.length)} of ${counted(data.objectsTotal, 'object')} shown.`);
        output.line();
        for (const entry of data.history) output.line(`${exact(entry.at)}  ${ago(entry.at, context.now)}: ${entry.statement}`);
      },
    };
  },
};

function resultWord({ result, level }: Proof): string {
  if (result === 'failed') return styled('bad', result);
  if (result === 'passed' && level === 'proved') return styled('good', result);
  return result === 'not-run' ? styled('dim', 'not run') : result;
}

/** What a level that passed leaves to look at. */
function warningsIn({ evidence }: Proof): string[] {
  const warnings = evidence?.['warnings'];
  return Array.isArray(warnings) ? warnings.filter((one) => typeof one === 'string') : [];
}

/** The statement of the evidence where it has one; --json has all of it. */
function evidenceText({ evidence }: Proof): string {
  if (evidence === undefined) return '';
  const { statement } = evidence;
  if (typeof statement === 'string') return statement;
  const { endProofs } = evidence;
  return Array.isArray(endProofs) ? endProofs.map(endProofText).join('; ') : factsText(evidence);
}

/** How the end of one stream of the capture was seen. */
function endProofText(end: unknown): string {
  if (typeof end !== 'object' || end === null || !('stream' in end) || !('proof' in end)) return String(end);
  return `${String(end.stream)}: ${String(end.proof)}`;
}
