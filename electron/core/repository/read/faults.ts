import { AppError } from '../../base/errors.ts';
import { toHex } from '../format/bytes.ts';
import type { IndexTable } from '../index-table.ts';

/** `repository.chunk-missing`: nothing that the index knows holds the chunk. */
export function missingId(id: string): AppError {
  return new AppError('repository.chunk-missing', `Chunk ${id} is nowhere in the repository.`, {
    hint: 'Run `belay check` to see what is affected, then `belay repair`.',
    details: { chunk: id },
  });
}

export function missingChunk(table: IndexTable, entry: number): AppError {
  return missingId(toHex(table.idOf(entry)));
}
