import type { Given, OptionSpec } from './spec.ts';

const places = ['container', 'scratch'] as const;

export const placeOption: OptionSpec = {
  flags: '--in <place>',
  description: 'restore into a throw-away container, or a scratch database on its own server (default: a container where one can be had)',
  choices: places,
};

export function placeOf(input: Given): (typeof places)[number] | undefined {
  const text = input.text('in');
  return places.find((place) => place === text);
}
