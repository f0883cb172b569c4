import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

const stateSchema = z.object({
  x: z.number().int(),
  y: z.number().int(),
  width: z.number().int().min(1).max(100_000),
  height: z.number().int().min(1).max(100_000),
  maximized: z.boolean(),
});

/** Where the window was, in the displays' common coordinates. */
export type WindowState = z.infer<typeof stateSchema>;

export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export const smallest = { width: 900, height: 600 } as const;
const usual = { width: 1280, height: 820 } as const;

/** What was kept; undefined where nothing readable was. */
export function readState(file: string): WindowState | undefined {
  try {
    return stateSchema.safeParse(JSON.parse(readFileSync(file, 'utf8'))).data;
  } catch {
    // It is missing, or was torn: the window opens in its usual place, as at a first start.
    return undefined;
  }
}

/** Nothing is lost with it: it is not written durably. */
export function writeState(file: string, state: WindowState): void {
  writeFileSync(file, JSON.stringify(state), { mode: 0o600 });
}

/**
 * Where the window is to open: where it was, no larger than the display that shows most of it and wholly inside of it; in the middle of the
 * first display where it was on one that is gone.
 */
export function placeFor(kept: WindowState | undefined, displays: readonly Area[]): Partial<Area> & { readonly width: number; readonly height: number } {
  const shown = kept === undefined ? [] : displays.filter((area) => overlap(kept, area) > 0).sort((one, other) => overlap(kept, other) - overlap(kept, one));
  const area = shown[0];
  if (kept === undefined || area === undefined) {
    const first = displays[0];
    return { width: Math.min(usual.width, first?.width ?? usual.width), height: Math.min(usual.height, first?.height ?? usual.height) };
  }
  const width = Math.min(Math.max(kept.width, smallest.width), area.width);
  const height = Math.min(Math.max(kept.height, smallest.height), area.height);
  return { x: inside(kept.x, width, area.x, area.width), y: inside(kept.y, height, area.y, area.height), width, height };
}

function overlap(one: Area, other: Area): number {
  const across = (start: number, length: number, from: number, long: number) => Math.max(0, Math.min(start + length, from + long) - Math.max(start, from));
  return across(one.x, one.width, other.x, other.width) * across(one.y, one.height, other.y, other.height);
}

function inside(start: number, length: number, from: number, long: number): number {
  return Math.max(from, Math.min(start, from + long - length));
}
