import { typed } from '../../clients/notes.ts';
import { isUsable } from '../../config/settings.ts';
import { HelperError } from '../../errors.ts';
import { findCredential } from '../../identity/find.ts';
import { loginCommand } from '../../identity/hint.ts';
import type { Found } from '../../identity/source.ts';
import { hostKey } from '../../registry/match.ts';
import { parseServerURL, type RegistryHost } from '../../registry/parse.ts';
import { type Check, type Examined, type Finding, fail, networkLimit, ok, skip } from './check.ts';

/** Milliseconds: less than a check may take, so that it is our own error that is shown. */
const patience = 9000;

/** A check for each host: the credential that clients are given opens it. */
export function registryChecks({ look }: Examined, named: readonly string[]): Check[] {
  const all = look.answers().map(({ serverURL }) => serverURL);
  const names = new Set(named.length > 0 ? named : all);
  return [...names].map((name) => ({
    name: `registry ${name}`,
    limit: networkLimit,
    run: (examined) => check(examined, name),
  }));
}

/** The same without the network: what would answer for each of the hosts. */
export function hostChecks(named: readonly string[]): Check[] {
  return named.map((name) => ({
    name,
    run: async ({ look }) => {
      const host = parseServerURL(name);
      const found = 'problem' in host ? undefined : await findCredential(look.lookup, host);
      const again = `docker-credential-icr login ${typed(name)}`;
      return found === undefined ? fail('nothing answers for it', again) : ok(described(found));
    },
  }));
}

async function check(examined: Examined, name: string): Promise<Finding> {
  const host = parseServerURL(name);
  if ('problem' in host) return fail(host.problem);
  const { context, look } = examined;
  const again = `docker-credential-icr login ${typed(name)}`;
  try {
    const found = await findCredential(look.lookup, host);
    if (found === undefined) return fail('nothing answers for it', again);
    if (isUsedUp(examined, found)) return skip('not tried: it would use up the refresh token');
    const { signInAsDocker } = await import('../../iam/docker-exchange.ts');
    const credential = { Username: found.username, Secret: await found.secret() };
    await signInAsDocker(context, hostKey(host), credential, context.now() + patience);
    return ok(`takes ${described(found)}`);
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    return explain(examined, host, error);
  }
}

function described({ username, identity, keptIn }: Found): string {
  return `${username} ${identity === undefined ? `from ${keptIn}` : `of identity ${identity}`}`;
}

/** An access token made from a refresh token: IAM gives another in its place, which nobody would keep. */
function isUsedUp({ look }: Examined, { username, identity }: Found): boolean {
  if (username !== 'iambearer' || identity === undefined) return false;
  return look.readableSettings().identities[identity]?.kind === 'refresh-token';
}

const reasons: readonly (readonly [pattern: RegExp, explanation: string])[] = [
  [/UNSUPPORTED/, 'the registry has no such user name'],
  [
    /combination is not valid|UNAUTHORIZED/,
    'the key or token is deleted, disabled, ended, or of another user name',
  ],
  [/DENIED/, 'it may not enter this registry: an IAM policy is missing'],
];

async function explain(
  { look }: Examined,
  host: RegistryHost,
  { code, message }: HelperError,
): Promise<Finding> {
  const said = message.replace(/; (try again later|run .*|)$/, '');
  if (code === 'unreachable') {
    const isPrivate = host.name.startsWith('private.')
      ? ', and private hosts answer inside IBM Cloud only'
      : '';
    return fail(said + isPrivate);
  }
  const why = reasons.find(([pattern]) => pattern.test(said))?.[1];
  const found = await findCredential(look.lookup, host);
  const identity = found?.identity;
  const kept = identity === undefined ? undefined : look.readableSettings().identities[identity];
  const mend =
    identity === undefined || kept === undefined || !isUsable(kept)
      ? `docker-credential-icr login ${host.name}`
      : loginCommand(identity, kept);
  return fail(why === undefined ? said : `${said}: ${why}`, mend);
}
