import { linkName } from '../../clients/helper-link.ts';
import { unknownIdentity } from '../../identity/named-login.ts';
import { own } from '../../json-object.ts';
import { helperName } from '../../program-name.ts';
import { moveAway, shellQuoted } from '../../visible.ts';
import { type NamedHelper, namedHelpers } from '../named-helper.ts';
import {
  type Check,
  type CheckInput,
  type Finding,
  ok,
  orElse,
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
    return orElse(
      helpers.map((helper) => check(input, helper)),
      skipped('none'),
    );
  },
};

function check({ context, snapshot }: CheckInput, helper: NamedHelper): Finding {
  const { identity, file, isOther, uses } = helper;
  const name = linkName(identity);
  const configure = `docker-credential-icr configure --identity ${shellQuoted(identity)}`;
  const where = uses.map((use) => use.file).join(', ');
  const hosts = uses.flatMap((use) => use.hosts);
  if (file === undefined) {
    const present = notStartable(context, name);
    if (present !== undefined)
      return problem(present.what, `run ${moveAway(present.file)} && ${configure}`);
    return where === ''
      ? warning(`${name} is not on PATH`, `run ${configure}`)
      : problem(`${where} names ${name}, which is not on PATH`, `run ${configure}`);
  }
  if (isOther) return problem(`${file} is another program`, `run ${moveAway(file)}`);
  const { settings, settingsError } = snapshot;
  if (settingsError === undefined && own(settings.identities, identity) === undefined) {
    const { message, hint } = unknownIdentity(settings, identity);
    return problem(`${name}: ${message}`, hint);
  }
  if (hosts.includes('*')) {
    const hint = `set it to "${helperName}", and run ${configure} --host HOST`;
    return warning(`${name} is the credsStore, but has credentials for ICR hosts only`, hint);
  }
  if (where === '') return warning(`${name} is not registered in a client`, `run ${configure}`);
  return ok(`${name} uses identity ${identity} for ${hosts.join(', ')}`);
}
