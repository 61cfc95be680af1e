import { HelperError } from '../../errors.ts';
import { hasProgram } from '../../files/executables.ts';
import { attempt } from '../../files/storage-error.ts';
import { apiKeyIn } from '../../identity/api-key-variable.ts';
import { foundInSession } from '../../identity/ibmcloud.ts';
import { hostKey } from '../../registry/match.ts';
import { ambientVariables, ownVariable } from '../../secret-variables.ts';
import { shellQuoted } from '../../visible.ts';
import { duration } from '../output.ts';
import { type Check, type CheckInput, failure, networkLimitMs, ok, problem } from './check.ts';
import type { Snapshot } from './snapshot.ts';
import { askIam, expiryFinding, requestFailure, type Verification } from './verification.ts';

/** Returns a check for each source in use other than identities: docker login, variables, ibmcloud CLI, compute identity. */
export function sourceChecks({ context, snapshot }: CheckInput): Check[] {
  const { ibmcloudSession, computeProfile } = snapshot.settings;
  const isSet = (name: string) => Boolean(context.env[name]?.trim());
  const ambient = ambientVariables.find(isSet);
  return [
    ...loginChecks(snapshot),
    ...(isSet(ownVariable) ? [variable(ownVariable)] : []),
    ...(ambient === undefined ? [] : [variable(ambient)]),
    ...(ibmcloudSession ? [session] : []),
    ...(computeProfile === undefined
      ? []
      : [computeCheck(context.env.IBMCLOUD_CR_PROFILE?.trim() || computeProfile)]),
  ];
}

/** Returns a check for each API key that `docker login` stored, unless a mapping has precedence over it. */
function loginChecks({ answers, store }: Snapshot): Check[] {
  const logins = answers.flatMap(({ host, serverURL, found }) => {
    if (found instanceof HelperError || !found.isDockerLogin) return [];
    const profile = found.username.startsWith('Profile-') ? found.username : undefined;
    const key = { of: 'host', name: hostKey(host) } as const;
    const isApiKey = found.username === 'iamapikey' || profile !== undefined;
    const secret = isApiKey ? store.read(key)?.Secret : undefined;
    return secret === undefined ? [] : [{ serverURL, secret, profile }];
  });
  const groups = Map.groupBy(logins, ({ secret, profile }) => [secret, profile].join());
  return [...groups.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const { serverURL, secret, profile } = first;
    const hosts = [serverURL, ...others.map((each) => each.serverURL)];
    const login = `docker-credential-icr login ${hosts.map(shellQuoted).join(' ')}`;
    const identity = { kind: 'api-key', ...(profile === undefined ? {} : { profile }) } as const;
    const ask = (input: CheckInput) => askIam(input, identity, secret);
    return iamCheck(
      `docker login ${hosts.join(', ')}`,
      `run ${login}`,
      ask,
      `and ${login} with the new key`,
    );
  });
}

function variable(name: string): Check {
  const precedence =
    name === ownVariable ? 'before stored credentials' : 'after stored credentials';
  return iamCheck(name, `run unset ${name}`, async (input) => {
    const key = apiKeyIn(name, input.context.env[name]?.trim() ?? '');
    const { message, ...times } = await askIam(input, { kind: 'api-key' }, key);
    return { message: `${message}; used ${precedence}`, ...times };
  });
}

function computeCheck(profile: string): Check {
  const off = 'run docker-credential-icr settings compute-profile off';
  return iamCheck('compute identity', off, async (input) => {
    const { message } = await askIam(input, { kind: 'trusted-profile', profile }, '');
    return { message: `${message}: trusted profile ${profile}` };
  });
}

function iamCheck(
  name: string,
  hint: string,
  ask: (input: CheckInput) => Promise<Verification>,
  useNewKey = `and set ${name} to the new key`,
): Check {
  return {
    name,
    limitMs: networkLimitMs,
    run: async (input) => {
      const said = await attempt(() => ask(input));
      if (said instanceof HelperError) return requestFailure(input, said, hint);
      return expiryFinding(input.context, 'api-key', said, () => newKeyHint(useNewKey));
    },
  };
}

function newKeyHint(useIt: string): string {
  return `run docker-credential-icr api-key create --expires-in 90d, ${useIt}`;
}

const session: Check = {
  name: 'ibmcloud session',
  run: async ({ context }) => {
    const off = 'docker-credential-icr settings ibmcloud-session off';
    const hint = `run ${hasProgram(context, 'ibmcloud') ? 'ibmcloud login' : off}`;
    const found = await attempt(() => foundInSession(context));
    if (found instanceof HelperError) return failure(found, hint);
    if (found === undefined) return problem('not logged in with the ibmcloud CLI', hint);
    const { username, expiresAt } = found;
    const left =
      expiresAt === undefined ? '' : `; expires in ${duration(expiresAt - context.now())}`;
    return ok(`used as ${username} after stored credentials${left}`);
  },
};
