import type { Source } from '../../../electron/contract/model.ts';

export type EnvironmentKey = Source['environment'];

/** What a mistake would cost, as it is chosen. */
export const environments: readonly { readonly key: EnvironmentKey; readonly title: string }[] = [
  { key: 'dev', title: 'dev: rewound with one click, never alarms' },
  { key: 'test', title: 'test' },
  { key: 'staging', title: 'staging' },
  { key: 'production', title: 'production: its name is typed before it is put back' },
];
