import { linkName } from '../../clients/helper-link.ts';
import { unknownIdentity } from '../../identity/named-login.ts';
import { own } from '../../json-object.ts';
import { helperName } from '../../program-name.ts';
import { shellQuoted } from '../../visible.ts';
import { type NamedHelper, namedHelpers } from '../named-helper.ts';
import {
  type Check,
  type CheckInput,
  type Finding,
  ok,
  problem,
  skipped,
  warning,
} from './check.ts';
import { notStartable } from './program-check.ts';

/** Checks the helpers of identities (`docker-credential-icr-NAME`) that clients' files name. */
export const namedHelpersCheck: Check = {
  name: 'named helpers',
  run: (input) => {
    const helpers = namedHelpers(input.context);
    if (helpers.length === 0) return skipped('none');
    return helpers.map((helper) => check(input, helper));
  },
};

function check(
  { context, snapshot }: CheckInput,
  { identity, file, isOther, uses }: NamedHelper,
): Finding {
  const name = linkName(identity);
  const option = `--identity ${shellQuoted(identity)}`;
  const where = uses.map((use) => use.file).join(', ');
  if (isOther)
    return problem(
      `${file} is another program`,
      `run mv -i ${shellQuoted(file ?? '')} ${shellQuoted(`${file}.old`)}`,
    );
  if (file === undefined) {
    const present = notStartable(context, name);
    if (present !== undefined) {
      const moveAway = `mv -i ${shellQuoted(present.file)} ${shellQuoted(`${present.file}.old`)}`;
      const hint = `run ${moveAway} && docker-credential-icr configure ${option}`;
      return problem(present.what, hint);
    }
    const what =
      where === '' ? `${name} is not on PATH` : `${where} names ${name}, which is not on PATH`;
    const hint = `run docker-credential-icr configure ${option}`;
    return where === '' ? warning(what, hint) : problem(what, hint);
  }
  const settings = snapshot.settings;
  if (snapshot.settingsError === undefined && own(settings.identities, identity) === undefined) {
    const { message, hint } = unknownIdentity(settings, identity);
    return problem(`${name}: ${message}`, hint);
  }
  if (uses.some(({ hosts }) => hosts.includes('*'))) {
    const hint = `set it to "${helperName}", and run docker-credential-icr configure ${option} --host HOST`;
    return warning(`${name} is the credsStore, but has credentials for ICR hosts only`, hint);
  }
  if (where === '') {
    return warning(
      `${name} is not registered in a client`,
      `run docker-credential-icr configure ${option}`,
    );
  }
  return ok(
    `${name} uses identity ${identity} for ${uses.flatMap(({ hosts }) => hosts).join(', ')}`,
  );
}
