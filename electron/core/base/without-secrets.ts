const secretName = /pass(?:word|phrase|wd)?|pwd|secret|token|credential|api-?key|private-?key/i;
const userInfo = /([a-z][a-z0-9+.-]*:\/\/[^/@:\s]*):[^/@\s]*@/gi;
const parameter = /([?&][\w.-]*(?:pass|pwd|secret|token|credential|key|signature)[\w.-]*=)[^&#\s]+/gi;

/**
 * A command's words as they may stand in a record that is kept: what options and variables that name a secret are given, and passwords and tokens in addresses,
 * are left out.
 */
export function withoutSecrets(argv: readonly string[]): string[] {
  return argv.map((word, at) => {
    const before = argv[at - 1] ?? '';
    if (before.startsWith('-') && !before.includes('=') && secretName.test(before) && !word.startsWith('-')) return '…';
    const named = /^(-{0,2}[\w.-]+)=/.exec(word)?.[1];
    if (named !== undefined && secretName.test(named)) return `${named}=…`;
    return word.replaceAll(userInfo, '$1:…@').replaceAll(parameter, '$1…');
  });
}
