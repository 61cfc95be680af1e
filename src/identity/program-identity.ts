import type { Settings } from '../config/settings.ts';
import { HelperError } from '../errors.ts';
import { helperOf, program } from '../program-name.ts';
import { isIdentityName } from './identities.ts';

/** Returns the error for `docker-credential-icr-NAME` if identity NAME does not exist. */
export function unknownIdentity({ identities }: Settings, name: string): HelperError {
  if (!isIdentityName(name)) {
    return new HelperError('misconfigured', "the program's name has no valid identity", {
      hint: `use a name like ${program}-prod, for identity prod`,
    });
  }
  // On some file systems, a symlink is found in any case.
  const same = Object.keys(identities).find((each) => each.toLowerCase() === name.toLowerCase());
  return new HelperError('misconfigured', `identity ${name} does not exist`, {
    hint:
      same === undefined
        ? `run ${program} login --identity ${name}`
        : `use "${helperOf(same)}" in the client's configuration, for identity ${same}`,
  });
}
