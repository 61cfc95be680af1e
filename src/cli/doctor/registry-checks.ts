import { typed } from '../../clients/notes.ts';
import { isUsable } from '../../config/settings.ts';
import { HelperError } from '../../errors.ts';
import { findCredential } from '../../identity/find.ts';
import { loginCommand } from '../../identity/login-command.ts';
import { lookupIn } from '../../identity/lookup.ts';
import type { Found } from '../../identity/source.ts';
import { hostKey } from '../../registry/match.ts';
import { parseServerURL, type RegistryHost } from '../../registry/parse.ts';
import { attempt } from './attempt.ts';
import {
  type Check,
  type Examined,
  type Finding,
  failure,
  networkLimitMs,
  ok,
  problem,
  skipped,
} from './check.ts';

/** Less than a check may take, so that the request's own error is reported. */
const requestLimitMs = 9000;

/** For each host: the credential that clients get is accepted by the registry. */
export function registryChecks({ look }: Examined, named: readonly string[]): Check[] {
  const all = look.answers.map(({ serverURL }) => serverURL);
  return [...new Set(named.length > 0 ? named : all)].map((name) =>
    hostCheck(name, `registry ${name}`, signIn),
  );
}

/** For each host: which credential clients get, without asking the registry. */
export function hostChecks(named: readonly string[]): Check[] {
  return named.map((name) => hostCheck(name, name, (_, __, found) => ok(titleOf(found))));
}

type Judge = (examined: Examined, host: RegistryHost, found: Found) => Finding | Promise<Finding>;

function hostCheck(name: string, title: string, judge: Judge): Check {
  return {
    name: title,
    limitMs: networkLimitMs,
    run: async (given) => {
      const host = parseServerURL(name);
      if ('problem' in host) return problem(host.problem);
      const { context } = given;
      const deadline = context.now() + requestLimitMs;
      const examined = { ...given, context: { ...context, deadline } };
      const found = await findCredential(lookupIn(examined.context), host);
      if (found !== undefined) return judge(examined, host, found);
      return problem('not logged in', `run docker-credential-icr login ${typed(name)}`);
    },
  };
}

async function signIn(examined: Examined, host: RegistryHost, found: Found): Promise<Finding> {
  const { context, look } = examined;
  const identity = look.settings.identities[found.identity ?? ''];
  const isUsedUp = found.username === 'iambearer' && identity?.kind === 'refresh-token';
  if (isUsedUp) return skipped('not tried: this would consume the refresh token');
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
  const reason = reasons[serviceCode];
  const login =
    found.identity === undefined || identity === undefined
      ? `docker-credential-icr login ${host.name}`
      : loginCommand(found.identity, isUsable(identity) ? identity : { kind: 'api-key' });
  return problem(reason === undefined ? message : `${message}: ${reason}`, `run ${login}`);
}

/** By the registry's error code. */
const reasons: Readonly<Record<string, string>> = {
  UNSUPPORTED: 'the registry has no such user name',
  UNAUTHORIZED: 'the key or token is deleted, disabled, expired, or of another user name',
  DENIED: 'an IAM policy for this registry is missing',
};

function titleOf({ username, identity, keptIn }: Found): string {
  return identity === undefined
    ? `${username} from ${keptIn}`
    : `${username} of identity ${identity}`;
}
