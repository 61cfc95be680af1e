import { HelperError } from '../../errors.ts';
import { isOnPath } from '../../files/executables.ts';
import { apiKeyIn } from '../../identity/api-key-variable.ts';
import { foundInSession } from '../../identity/ibmcloud.ts';
import { ambientVariables } from '../../secret-variables.ts';
import { duration } from '../table.ts';
import { askIam } from './ask-iam.ts';
import { type Check, type Examined, type Finding, fail, networkLimit, ok, skip } from './check.ts';

const ownVariable = 'DOCKER_CREDENTIAL_ICR_API_KEY';

/** A check for each other place than the identities from which a credential may come. */
export function sourceChecks({ context, look }: Examined): Check[] {
  const { ibmcloudSession, computeProfile } = look.readableSettings();
  const ambient = ambientVariables.find((name) => context.env[name]?.trim());
  return [
    ...(context.env[ownVariable]?.trim() ? [variable(ownVariable)] : []),
    ...(ambient === undefined ? [] : [variable(ambient)]),
    ...(ibmcloudSession ? [session] : []),
    ...(computeProfile === undefined ? [] : [computeCheck(computeProfile)]),
  ];
}

/** An API key in the environment. */
function variable(name: string): Check {
  const order = name === ownVariable ? 'before everything else' : 'where nothing saved does';
  return networkCheck(name, `unset ${name}`, async (examined) => {
    const key = apiKeyIn(name, examined.context.env[name]?.trim() ?? '');
    const { message } = await askIam(examined, { kind: 'api-key' }, key);
    return ok(`${message}; it answers ${order}`);
  });
}

function computeCheck(profile: string): Check {
  const off = 'docker-credential-icr settings compute-profile off';
  return networkCheck('compute identity', off, async (examined) => {
    const { message } = await askIam(examined, { kind: 'trusted-profile', profile }, '');
    return ok(`${message}: trusted profile ${profile}`);
  });
}

const session: Check = {
  name: 'ibmcloud session',
  run: ({ context, look }) => {
    const mend = isOnPath(context, 'ibmcloud')
      ? 'ibmcloud login'
      : 'docker-credential-icr settings ibmcloud-session off';
    try {
      const found = foundInSession(look.lookup.context);
      if (found === undefined) return fail('nobody is logged in with the ibmcloud CLI', mend);
      const { username, endsAt } = found;
      const until = endsAt === undefined ? '' : `, for ${duration(endsAt - context.now())} more`;
      return ok(`answers as ${username} where nothing saved does${until}`);
    } catch (error) {
      if (!(error instanceof HelperError)) throw error;
      return fail(withoutAdvice(error), mend);
    }
  },
};

/** One that asks IAM; `mend` is what makes do without the source. */
function networkCheck(
  name: string,
  mend: string,
  run: (examined: Examined) => Promise<Finding>,
): Check {
  return {
    name,
    limit: networkLimit,
    run: async (examined) => {
      try {
        return await run(examined);
      } catch (error) {
        if (!(error instanceof HelperError)) throw error;
        return refusal(examined, error, mend);
      }
    },
  };
}

/** Where IAM cannot be reached at all, one line says so. */
export async function refusal(
  { iam }: Examined,
  error: HelperError,
  mend: string,
): Promise<Finding> {
  // The metadata service is on this machine, or never will be.
  const isPassing = error.code === 'unreachable' && !/metadata service/.test(error.message);
  if (isPassing && 'error' in (await iam())) return skip('not tried: IAM cannot be reached');
  return fail(withoutAdvice(error), isPassing ? undefined : mend);
}

/** What happened, without what a command would say about what to type. */
function withoutAdvice({ message }: HelperError): string {
  return message.replace(/; (?:(?:run |check |try again|let profile ).*)?$/s, '');
}
