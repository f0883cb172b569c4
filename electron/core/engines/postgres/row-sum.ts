import { hash } from 'node:crypto';

/**
 * The fingerprint of rows in whatever order: how many, and the sum of the SHA-256 of each line of COPY's text modulo 2^256. A sum, not XOR: under
 * XOR two equal rows cancel each other out.
 */
export interface RowSum {
  /** Takes the next bytes; lines may lie across calls. */
  update(bytes: Uint8Array): void;
  /** Throws where the last line had no end. */
  end(): RowTotal;
}

export interface RowTotal {
  readonly rows: number;
  /** 64 hexadecimal digits. */
  readonly hash: string;
}

const lanes = 8;
/** A lane holds 32 bits of each sum in a double: carried over well before 2^53. */
const mostBeforeCarry = 1 << 20;

export function rowSum(): RowSum {
  const sum = new Float64Array(lanes);
  let rows = 0;
  let sinceCarry = 0;
  let rest: Uint8Array[] = [];

  const add = (line: Uint8Array): void => {
    const digest = hash('sha256', line, 'buffer');
    for (let i = 0; i < lanes; i += 1) sum[i] = (sum[i] ?? 0) + digest.readUInt32BE(i * 4);
    rows += 1;
    sinceCarry += 1;
    if (sinceCarry >= mostBeforeCarry) {
      carry(sum);
      sinceCarry = 0;
    }
  };

  return {
    update: (bytes) => {
      let from = 0;
      for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, from)) {
        const piece = bytes.subarray(from, end);
        if (rest.length === 0) add(piece);
        else {
          add(Buffer.concat([...rest, piece]));
          rest = [];
        }
        from = end + 1;
      }
      // A copy: the caller's buffer may be given away.
      if (from < bytes.length) rest.push(Uint8Array.from(bytes.subarray(from)));
    },
    end: () => {
      if (rest.length > 0) throw new RangeError('the last row has no end');
      carry(sum);
      return { rows, hash: hexOf(sum) };
    },
  };
}

function carry(sum: Float64Array): void {
  let over = 0;
  for (let i = lanes - 1; i >= 0; i -= 1) {
    const value = (sum[i] ?? 0) + over;
    over = Math.floor(value / 2 ** 32);
    sum[i] = value - over * 2 ** 32;
  }
}

function hexOf(sum: Float64Array): string {
  return [...sum].map((lane) => lane.toString(16).padStart(8, '0')).join('');
}

/** The total of several parts of one table. */
export function addTotals(totals: readonly RowTotal[]): RowTotal {
  const sum = new Float64Array(lanes);
  for (const { hash: digits } of totals) for (let i = 0; i < lanes; i += 1) sum[i] = (sum[i] ?? 0) + Number.parseInt(digits.slice(i * 8, i * 8 + 8), 16);
  carry(sum);
  return { rows: totals.reduce((all, one) => all + one.rows, 0), hash: hexOf(sum) };
}
