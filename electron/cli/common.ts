import type { OptionSpec } from './spec.ts';
import { Given } from './spec.ts';

/** Options that every command takes, before or after its name. */
export const commonOptions: readonly OptionSpec[] = [
  { flags: '--json', description: 'one JSON object on standard output, nothing else there' },
  { flags: '--home <folder>', description: "data directory (default: BELAY_HOME, else the platform's own place)", complete: 'folder' },
  { flags: '-y, --yes', description: 'answer confirmations with yes; a production source still needs --confirm' },
  { flags: '-q, --quiet', description: 'no progress and no notes; results, warnings and errors stay' },
  { flags: '--passphrase-file <file>', description: "read the repository's passphrase from a file (also BELAY_PASSPHRASE_FILE)", complete: 'file' },
  { flags: '--key-file <file>', description: 'open the repository with a key file (also BELAY_KEY_FILE)', complete: 'file' },
  { flags: '--recovery-key-file <file>', description: 'open the repository with the recovery key in a file', complete: 'file' },
  { flags: '--remember', description: "keep the passphrase in the system's keychain once it has opened the repository" },
  { flags: '--color', description: 'colour even in a pipe' },
  { flags: '--no-color', description: 'no colour (also NO_COLOR)' },
];

export interface Common {
  readonly json: boolean;
  readonly home: string | undefined;
  readonly yes: boolean;
  readonly quiet: boolean;
  readonly passphraseFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly recoveryKeyFile: string | undefined;
  readonly remember: boolean;
  /** True and false where it was said; undefined leaves it to the environment. */
  readonly colour: boolean | undefined;
}

export function commonOf(options: Readonly<Record<string, unknown>>): Common {
  const given = new Given([], options);
  const colour = options['color'];
  return {
    json: given.flag('json'),
    home: given.text('home'),
    yes: given.flag('yes'),
    quiet: given.flag('quiet'),
    passphraseFile: given.text('passphraseFile'),
    keyFile: given.text('keyFile'),
    recoveryKeyFile: given.text('recoveryKeyFile'),
    remember: given.flag('remember'),
    colour: typeof colour === 'boolean' ? colour : undefined,
  };
}
