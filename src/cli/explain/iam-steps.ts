import { HelperError } from '../../errors.ts';
import { attempt } from '../../files/storage-error.ts';
import type { Caller } from '../../http/api-call.ts';
import { appliesTo, type Grant, listGrants, listGroupGrants } from '../../iam/grants.ts';
import { ownerOf } from '../../iam/owner.ts';
import { accessTokenOf, nameOf, toCaller } from '../../identity/access.ts';
import type { Found } from '../../identity/lookup.ts';
import { parseClaims } from '../../jwt-claims.ts';
import { regions } from '../../registry/regions.ts';
import { type Finding, ok, problem, skipped, warning } from '../doctor/check.ts';
import { renewHint } from './credential-step.ts';
import { isMissing } from './refusal-hint.ts';
import type { Step } from './step.ts';

/** The owner of a credential according to IAM. */
export interface OwnerAnswer {
  readonly finding: Finding;
  /** For requests to IAM and to the registry's API; undefined if IAM issues no token for this credential. */
  readonly caller?: Caller;
  /** `service ID ci`. */
  readonly owner?: string;
  /** The command of the ibmcloud CLI that creates a policy for this owner, without its options. */
  readonly policyCommand?: string;
}

/** Requests the owner of the credential from IAM. */
export async function askOwner(step: Step, found: Found): Promise<OwnerAnswer> {
  if (['cp', 'token', '<token>'].includes(found.username)) {
    return { finding: skipped(`IAM does not know credentials with user name ${found.username}`) };
  }
  const { lookup } = step;
  const caller = await attempt(async () =>
    toCaller(lookup, nameOf(found), await accessTokenOf(lookup, found)),
  );
  if (caller instanceof HelperError) return { finding: await refusal(step, found, caller) };
  const { owner = '', account } = ownerOf({ token: caller.accessToken });
  const finding = ok(`${owner}, account ${account}, IAM ID ${caller.iamId}`);
  return { finding, caller, owner, policyCommand: policyCommand(caller) };
}

async function refusal(step: Step, found: Found, error: HelperError): Promise<Finding> {
  const { code, message, hint } = error;
  // An API key can work at the registry while IAM cannot be reached from here.
  if (code === 'unreachable') return warning(message, hint);
  if (code === 'misconfigured') return skipped(message);
  return problem(message, code === 'refused' ? await renewHint(step, found) : hint);
}

function policyCommand({ accessToken }: Caller): string {
  const { sub, subType } = parseClaims(accessToken);
  const kinds: Readonly<Record<string, string>> = {
    ServiceId: 'service-policy-create',
    Profile: 'trusted-profile-policy-create',
  };
  return `ibmcloud iam ${kinds[subType ?? ''] ?? 'user-policy-create'} ${sub}`;
}

/**
 * Shows the roles that IAM's policies give the caller on the image's namespace and region. They are not enough for an error
 * if the registry has accepted, because the owner of an account needs no policy.
 */
export async function policyFinding(
  step: Step,
  caller: Caller,
  command: string,
  registryError: HelperError | undefined,
): Promise<Finding> {
  const own = await attempt(() => listGrants(step.context, caller));
  if (own instanceof HelperError) {
    return own.code === 'unreachable' ? warning(own.message, own.hint) : skipped(own.message);
  }
  // Many identities may not list access groups; then only the identity's own policies are known.
  const groups = await attempt(() => listGroupGrants(step.context, caller));
  const grants = groups instanceof HelperError ? own : [...own, ...groups];
  const { namespace, name } = step.image.host;
  const region = regionOf(name);
  const here = grants.filter((grant) => appliesTo(grant, namespace, region));
  const place = region === undefined ? namespace : `${namespace} in ${region}`;
  const needed = step.isPush ? ['Writer', 'Manager'] : ['Reader', 'Writer', 'Manager'];
  const allows = ({ roles }: Grant) => roles.some((role) => needed.includes(role));
  const isCertain = ({ conditions, region: limit }: Grant) =>
    conditions.length === 0 && (region !== undefined || limit === undefined);
  const allowing = here.filter(allows);
  if (allowing.some(isCertain))
    return ok(`${shown(allowing.filter(isCertain))} applies to ${place}`);
  const possible = here.filter((grant) => allows(grant) || grant.roles.some(isCustom));
  const elsewhere = grants.filter((grant) => !here.includes(grant));
  const what =
    possible.length > 0
      ? `${shown(possible)} may apply to ${place}`
      : [
          `IAM shows no policy with role ${needed.join(' or ')} for ${place}`,
          ...(here.length > 0 ? [`only ${shown(here)}`] : []),
          ...(elsewhere.length > 0 ? [`policies for others: ${shown(elsewhere)}`] : []),
          ...(groups instanceof HelperError ? ['policies of access groups are unknown'] : []),
        ].join('; ');
  if (registryError === undefined) {
    return ok(possible.length > 0 ? what : `${what}; the registry accepts without one`);
  }
  const hint = createCommand(step, command, region);
  // A policy is not the reason for a missing image or namespace: the owner of the account needs none.
  const isDenied = registryError.code === 'refused' && !isMissing(registryError);
  return (isDenied && possible.length === 0 ? problem : warning)(what, hint);
}

/** The actions of a custom role are not known here. */
function isCustom(role: string): boolean {
  return role.startsWith('custom role ');
}

/** Public and private hosts of a region. */
function regionOf(host: string): string | undefined {
  const name = host.replace(/^private\./, '');
  return regions.find((region) => region.host === name)?.region;
}

function shown(grants: readonly Grant[]): string {
  return grants
    .map(({ roles, namespace, region, conditions }) => {
      const where = namespace === undefined ? 'all namespaces' : `namespace ${namespace.value}`;
      const inRegion = region === undefined ? '' : ` in ${region.value}`;
      const only =
        conditions.length === 0 ? '' : ` with a condition on ${conditions.join(' and ')}`;
      return `${roles.join(', ') || 'no role'} on ${where}${inRegion}${only}`;
    })
    .join(', ');
}

function createCommand({ image, isPush }: Step, command: string, region?: string): string {
  const role = isPush ? 'Writer' : 'Reader';
  const where = region === undefined ? [] : ['--region', region];
  const resource = ['--resource-type', 'namespace', '--resource', image.host.namespace];
  const service = ['--service-name', 'container-registry'];
  return ['run', command, '--roles', role, ...service, ...where, ...resource].join(' ');
}
