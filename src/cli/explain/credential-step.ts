import { isUsable } from '../../config/settings.ts';
import { HelperError } from '../../errors.ts';
import { attempt } from '../../files/storage-error.ts';
import { nameOf } from '../../identity/access.ts';
import { findCredential } from '../../identity/find.ts';
import { loginCommand } from '../../identity/login-command.ts';
import type { Found } from '../../identity/lookup.ts';
import { entitledRegistry } from '../../identity/present.ts';
import { shellQuoted, shownName } from '../../visible.ts';
import { type Finding, failure, ok, problem, warning } from '../doctor/check.ts';
import type { Step } from './step.ts';

/** Shows the credential that `get` returns for the image. */
export async function credentialFindings(step: Step, found: Found): Promise<Finding[]> {
  return [ownFinding(step, found), ...(await hostFinding(step, found))].flat();
}

/** docker asks for the host alone, so a mapping of HOST/NAMESPACE has no effect there. */
async function hostFinding({ lookup, image }: Step, found: Found): Promise<Finding[]> {
  const alone = await attempt(() =>
    findCredential(lookup, { ...image.host, namespace: undefined }),
  );
  if (alone instanceof HelperError) return [failure(alone)];
  const parts = [alone?.username, alone?.identity, alone?.location];
  if (parts.join() === [found.username, found.identity, found.location].join()) return [];
  const other =
    alone === undefined
      ? 'no credential'
      : `user name ${shownName(alone.username)} of ${nameOf(alone)}`;
  const { name, namespace } = image.host;
  const map = `docker-credential-icr map ${shellQuoted(name)} ${shellQuoted(found.identity ?? 'IDENTITY')}`;
  const what = `docker and podman ask for ${name} without ${namespace}, and get ${other}`;
  return [warning(what, `run ${map}`)];
}

function ownFinding(step: Step, { username, ...found }: Found): Finding[] {
  const { name } = step.image.host;
  const what = `user name ${shownName(username)} of ${nameOf({ username, ...found })}`;
  const where = found.identity === undefined ? what : `${what}, in ${found.location}`;
  if (username === 'cp' && step.isPush) {
    const hint = 'push to another registry host, such as us.icr.io';
    return [ok(where), problem('entitlement keys can pull, but not push', hint)];
  }
  if (username === 'cp' && name !== entitledRegistry) {
    const only = `${where}: only ${entitledRegistry} accepts entitlement keys`;
    return [problem(only, `run docker-credential-icr login ${shellQuoted(name)}`)];
  }
  if (username === 'token') {
    const hint = `run docker-credential-icr login ${shellQuoted(name)} with an API key`;
    return [
      warning(`${where}: registry tokens are deprecated; IBM has refused them since 2021`, hint),
    ];
  }
  return [ok(where)];
}

/** The hint if there is no credential for the host. */
export function loginHint({ image }: Step): string {
  const option = image.host.name === entitledRegistry ? ' --entitlement-key-stdin' : '';
  return `run docker-credential-icr login ${shellQuoted(image.host.name)}${option}`;
}

/** The hint if IBM Cloud refuses the credential itself. */
export async function renewHint(step: Step, { identity }: Found): Promise<string> {
  const settings = await step.lookup.settings();
  const known = settings.identities[identity ?? ''];
  if (identity === undefined || known === undefined) return loginHint(step);
  return `run ${loginCommand(identity, isUsable(known) ? known : { kind: 'api-key' })}`;
}
