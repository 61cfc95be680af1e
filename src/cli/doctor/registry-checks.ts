import { isUsable } from '../../config/settings.ts';
import { HelperError } from '../../errors.ts';
import { attempt } from '../../files/storage-error.ts';
import { findCredential } from '../../identity/find.ts';
import { loginCommand } from '../../identity/login-command.ts';
import { type Found, lookupIn } from '../../identity/lookup.ts';
import { own } from '../../json-object.ts';
import { parseImageReference } from '../../registry/image-reference.ts';
import { hostKey } from '../../registry/match.ts';
import { parseServerURL, type RegistryHost } from '../../registry/parse.ts';
import { shellQuoted, shownName } from '../../visible.ts';
import {
  type Check,
  type CheckInput,
  type Finding,
  failure,
  networkLimitMs,
  ok,
  problem,
  requestLimitMs,
  skipped,
} from './check.ts';
import { endSignOutHint } from './settings-checks.ts';

/** For each host, checks that the registry accepts the credential that clients get. */
export function registryChecks({ snapshot }: CheckInput, named: readonly string[]): Check[] {
  const all = snapshot.answers.map(({ serverURL }) => serverURL);
  return [...new Set(named.length > 0 ? named : all)].map((name) =>
    hostCheck(name, `registry ${name}`, signIn),
  );
}

/** For each host, shows the credential that clients get, without a request to the registry. */
export function hostChecks(named: readonly string[]): Check[] {
  return named.map((name) => hostCheck(name, name, (_, __, found) => ok(titleOf(found))));
}

/** For each argument that is an image, points to the command that checks access to it. */
export function imageChecks(named: readonly string[]): Check[] {
  return named.flatMap((text) => {
    const image = parseImageReference(text);
    if ('problem' in image) return [];
    const name = `${image.registry}/${image.repository}`;
    const explain = `run ${explainCommand(text.trim())}`;
    const run = () => ({ ...skipped('access to the image is not checked'), hint: explain });
    return [{ name: `image ${name}`, run }];
  });
}

type Verify = (input: CheckInput, host: RegistryHost, found: Found) => Finding | Promise<Finding>;

function hostCheck(name: string, title: string, verify: Verify): Check {
  return {
    name: title,
    limitMs: networkLimitMs,
    run: async ({ context, ...rest }) => {
      const host = parseServerURL(name);
      if ('problem' in host) return problem(host.problem);
      const deadline = context.now() + requestLimitMs;
      const input = { ...rest, context: { ...context, deadline } };
      const found = await findCredential(lookupIn(input.context), host);
      if (found !== undefined) return verify(input, host, found);
      const key = hostKey(host);
      if (rest.snapshot.signedOut.has(key))
        return problem('signed out', endSignOutHint(input, key));
      return problem('not logged in', `run docker-credential-icr login ${shellQuoted(name)}`);
    },
  };
}

async function signIn(input: CheckInput, host: RegistryHost, found: Found): Promise<Finding> {
  const { context, snapshot } = input;
  const identity = snapshot.settings.identities[found.identity ?? ''];
  const isConsumed = found.username === 'iambearer' && identity?.kind === 'refresh-token';
  if (isConsumed) return skipped('not tried: this would consume the refresh token');
  const { signInAsDocker } = await import('../../registry/docker-exchange.ts');
  const error = await attempt(async () => {
    const credential = { Username: found.username, Secret: await found.secret() };
    await signInAsDocker(context, hostKey(host), credential, context.deadline ?? 0);
  });
  if (!(error instanceof HelperError)) return ok(`accepts ${titleOf(found)}`);
  const { code, message, serviceCode = '' } = error;
  if (code === 'unreachable') {
    const isPrivate = host.name.startsWith('private.');
    const why = 'private hosts can only be reached from inside IBM Cloud';
    return isPrivate ? problem(`${message}; ${why}`, error.hint) : failure(error);
  }
  const reason = own(reasons, serviceCode);
  const login =
    found.identity === undefined || identity === undefined
      ? `docker-credential-icr login ${host.name}`
      : loginCommand(found.identity, isUsable(identity) ? identity : { kind: 'api-key' });
  const command = serviceCode === 'DENIED' ? explainCommand(`${host.name}/NAMESPACE/IMAGE`) : login;
  return problem(reason === undefined ? message : `${message}: ${reason}`, `run ${command}`);
}

function explainCommand(image: string): string {
  return `docker-credential-icr explain ${shellQuoted(image)}`;
}

/** Explanations of the registry's error codes. */
const reasons: Readonly<Record<string, string>> = {
  UNSUPPORTED: 'the registry does not accept this user name',
  UNAUTHORIZED: 'the key or token is deleted, disabled, expired, or of another user name',
  DENIED: 'an IAM policy for this registry is missing',
};

function titleOf({ username, identity, location }: Found): string {
  const shown = shownName(username);
  return identity === undefined ? `${shown} from ${location}` : `${shown} of identity ${identity}`;
}
