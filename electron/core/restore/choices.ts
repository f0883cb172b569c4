import { AppError } from '../base/errors.ts';
import type { Engine, RestoreChoices } from '../engines/engine.ts';

const words: Readonly<Record<keyof RestoreChoices, string>> = {
  roles: 'other roles',
  createRoles: 'making roles',
  noOwner: 'another owner',
  noGrants: 'leaving out grants',
  skipExtensions: 'leaving out extensions',
  tablespaces: 'other tablespaces',
  noTablespaces: 'leaving out tablespaces',
  only: 'choosing of tables',
  acceptPart: 'parts',
};

/** The choices as an engine takes them, or nothing where none was made. Throws `engine.unsupported` for one that it does not know. */
export function choicesFor(engine: Engine, choices: RestoreChoices | undefined): { readonly choices?: RestoreChoices } {
  if (choices === undefined) return {};
  const made = choiceNames.filter((one) => isMade(choices[one]));
  const unknown = made.find((one) => !engine.capabilities.choices.includes(one));
  if (unknown !== undefined)
    throw new AppError('engine.unsupported', `${engine.title} knows no ${words[unknown]} at a restore. Nothing was written.`, {
      hint: 'Leave the option out.',
    });
  return made.length === 0 ? {} : { choices };
}

const choiceNames = ['roles', 'createRoles', 'noOwner', 'noGrants', 'skipExtensions', 'tablespaces', 'noTablespaces', 'only', 'acceptPart'] as const;

function isMade(value: RestoreChoices[keyof RestoreChoices]): boolean {
  if (value === undefined || value === false) return false;
  return value === true || Object.keys(value).length > 0;
}
