import { HelperError } from '../../errors.ts';
import { hasProgram } from '../../files/executables.ts';
import { attempt } from '../../files/storage-error.ts';
import { apiKeyIn } from '../../identity/api-key-variable.ts';
import { foundInSession } from '../../identity/ibmcloud.ts';
import { ambientVariables, ownVariable } from '../../secret-variables.ts';
import { duration } from '../output.ts';
import { type Check, type CheckInput, failure, networkLimitMs, ok, problem } from './check.ts';
import { askIam, expiryFinding, requestFailure, type Verification } from './verification.ts';

/** Returns a check for each source in use other than identities: variables, ibmcloud CLI, compute identity. */
export function sourceChecks({ context, snapshot }: CheckInput): Check[] {
  const { ibmcloudSession, computeProfile } = snapshot.settings;
  const isSet = (name: string) => Boolean(context.env[name]?.trim());
  const ambient = ambientVariables.find(isSet);
  return [
    ...(isSet(ownVariable) ? [variable(ownVariable)] : []),
    ...(ambient === undefined ? [] : [variable(ambient)]),
    ...(ibmcloudSession ? [session] : []),
    ...(computeProfile === undefined
      ? []
      : [computeCheck(context.env.IBMCLOUD_CR_PROFILE?.trim() || computeProfile)]),
  ];
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
): Check {
  return {
    name,
    limitMs: networkLimitMs,
    run: async (input) => {
      const said = await attempt(() => ask(input));
      if (said instanceof HelperError) return requestFailure(input, said, hint);
      return expiryFinding(input.context, 'api-key', said, () => newKeyHint(name));
    },
  };
}

function newKeyHint(variable: string): string {
  const create = 'docker-credential-icr api-key create --expires-in 90d';
  return `run ${create}, and set ${variable} to the new key`;
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
