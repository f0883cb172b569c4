import { count, duration, size } from '../format.ts';
import type { Unit } from './scale.ts';

export interface PlotSeries {
  readonly title: string;
  /** `step`: a value holds until the next one. */
  readonly look: 'line' | 'step' | 'area' | 'bars';
  readonly ink: 'strong' | 'quiet';
}

export interface PlotPoint {
  readonly at: number;
  /** One for each series, in their order; undefined where there is none to tell. */
  readonly values: readonly (number | undefined)[];
  /** What `onOpen` finds again: two points may be of one moment. */
  readonly key?: string;
  /** What it is of, where a row of the table begins: `#12 before-migration`. */
  readonly name?: string;
  /** What is to be looked at there, in words. */
  readonly mark?: { readonly tone: 'look' | 'bad'; readonly words: string } | undefined;
}

export interface PlotTarget {
  readonly value: number;
  readonly title: string;
}

/** A figure in the words of its unit. */
export function figureOf(value: number, unit: Unit): string {
  return unit === 'bytes' ? size(value) : unit === 'time' ? duration(value) : count(value);
}
