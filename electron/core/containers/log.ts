import { segment } from './api.ts';
import type { Engine } from './engine.ts';
import { createParser } from './frames.ts';

const mostBytes = 64 << 10;
const lines = 20;

/** The last lines that a container's program wrote, for an error's details. Empty where they cannot be had: that is not the news. */
export async function lastLog(engine: Engine, container: string): Promise<string> {
  try {
    const stream = await engine.api.stream({
      method: 'GET',
      path: `/containers/${segment(container)}/logs`,
      query: { stdout: 'true', stderr: 'true', tail: String(lines) },
      signal: AbortSignal.timeout(5000),
    });
    const parser = createParser();
    let text = '';
    for await (const data of stream as AsyncIterable<Buffer>) {
      for (const { part } of parser.take(data)) text += part.toString('utf8');
      if (text.length > mostBytes) break;
    }
    return text.slice(-mostBytes / 16);
  } catch (error) {
    return error instanceof Error ? '' : String(error);
  }
}
