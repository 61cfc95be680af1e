import { HelperError } from '../../errors.ts';
import { attempt } from '../../files/storage-error.ts';
import type { Caller } from '../../http/api-call.ts';
import {
  appliesTo,
  type Grant,
  isCertain,
  listGrants,
  listGroupGrants,
  type Place,
} from '../../iam/grants.ts';
import { shellQuoted } from '../../visible.ts';
import { type Finding, ok, problem, skipped, warning } from '../doctor/check.ts';
import { isMissing, registryCommand } from './refusal-hint.ts';
import type { Step } from './step.ts';

/** The access policies of the caller. */
interface KnownGrants {
  readonly all: readonly Grant[];
  /** False if the policies of its access groups are not known, which many identities may not list. */
  readonly hasGroups: boolean;
}

/** Requests the policies of the caller and its access groups. */
export async function readGrants(step: Step, caller: Caller): Promise<KnownGrants | HelperError> {
  const own = await attempt(() => listGrants(step.context, caller));
  if (own instanceof HelperError) return own;
  const groups = await attempt(() => listGroupGrants(step.context, caller));
  return groups instanceof HelperError
    ? { all: own, hasGroups: false }
    : { all: [...own, ...groups], hasGroups: true };
}

/** Returns the policies that certainly allow the pull or push. */
export function allowingGrants(step: Step, place: Place, { all }: KnownGrants): Grant[] {
  return all.filter(
    (grant) => appliesTo(grant, place) && isCertain(grant, place) && allows(step, grant),
  );
}

function allows({ isPush }: Step, { roles }: Grant): boolean {
  return roles.some(({ actions }) => actions?.includes(isPush ? 'push' : 'pull'));
}

/**
 * Shows the roles that IAM's policies give the caller on the image's namespace and region. They are not enough for an error
 * if the registry has accepted, because the owner of an account needs no policy. `command` creates a policy.
 */
export function policyFinding(
  step: Step,
  place: Place,
  known: KnownGrants | HelperError,
  command: string,
  registryError: HelperError | undefined,
): Finding {
  if (known instanceof HelperError) {
    return known.code === 'unreachable'
      ? warning(known.message, known.hint)
      : skipped(known.message);
  }
  const allowing = allowingGrants(step, place, known);
  if (allowing.length > 0) return ok(`${shown(allowing)} applies to ${textOf(place)}`);
  const here = known.all.filter((grant) => appliesTo(grant, place));
  const possible = here.filter((grant) => allows(step, grant) || hasUnknownRole(grant));
  const what =
    possible.length > 0
      ? `${shown(possible)} may apply to ${textOf(place)}`
      : missingText(step, place, known, here);
  if (registryError === undefined) {
    return ok(possible.length > 0 ? what : `${what}; the registry accepts without one`);
  }
  const hint = hintOf(step, place, known, command);
  // A policy is not the reason for a missing image or namespace: the owner of the account needs none.
  const isDenied = registryError.code === 'refused' && !isMissing(registryError);
  return (isDenied && possible.length === 0 ? problem : warning)(what, hint);
}

function hasUnknownRole({ roles }: Grant): boolean {
  return roles.some(({ actions }) => actions === undefined);
}

function missingText(
  { isPush }: Step,
  place: Place,
  { all, hasGroups }: KnownGrants,
  here: readonly Grant[],
): string {
  const needed = isPush ? 'Writer or Manager' : 'Reader or Writer or Manager';
  const elsewhere = all.filter((grant) => !here.includes(grant));
  return [
    `IAM shows no policy with role ${needed} for ${textOf(place)}`,
    ...(here.length > 0 ? [`only ${shown(here)}`] : []),
    ...(elsewhere.length > 0 ? [`policies for others: ${shown(elsewhere)}`] : []),
    ...(hasGroups ? [] : ['policies of access groups are unknown']),
  ].join('; ');
}

function textOf({ namespace, region }: Place): string {
  return region === undefined ? namespace : `${namespace} in ${region}`;
}

function shown(grants: readonly Grant[]): string {
  return grants.map(shownGrant).join(', ');
}

function shownGrant({ roles, namespace, region, resourceGroup, rule, conditions }: Grant): string {
  return [
    roles.map(({ name }) => name).join(', ') || 'no role',
    namespace === undefined ? 'on all namespaces' : `on namespace ${namespace.text}`,
    ...(region === undefined ? [] : [`in ${region.text}`]),
    ...(resourceGroup === undefined ? [] : [`in resource group ${resourceGroup.text}`]),
    ...(rule === undefined ? [] : [`only ${rule.text}`]),
    ...(conditions.length === 0 ? [] : [`with a condition on ${conditions.join(' and ')}`]),
  ].join(' ');
}

/**
 * The hint to create a policy, or to assign the namespace to the resource group of a policy. Namespaces created before 29 July 2020
 * may be in no group. Source: https://cloud.ibm.com/docs/Registry?topic=Registry-troubleshoot-iam-policy.
 */
function hintOf(step: Step, place: Place, { all }: KnownGrants, command: string): string {
  const create = createHint(step, place, command);
  const group = all.find(
    (each) =>
      each.resourceGroup &&
      appliesTo(each, { ...place, resourceGroup: undefined }) &&
      allows(step, each),
  )?.resourceGroup;
  if (group === undefined || place.resourceGroup) return create;
  const { namespace } = place;
  const assign = registryCommand(
    step,
    `namespace-assign -g ${shellQuoted(group.text)} ${namespace}`,
  );
  if (place.resourceGroup === '') return assign;
  return `${create}; if ${namespace} is in no resource group, ${assign}`;
}

function createHint({ isPush }: Step, { namespace, region }: Place, command: string): string {
  const role = isPush ? 'Writer' : 'Reader';
  const where = region === undefined ? [] : ['--region', region];
  const resource = ['--resource-type', 'namespace', '--resource', namespace];
  const service = ['--service-name', 'container-registry'];
  return ['run', command, '--roles', role, ...service, ...where, ...resource].join(' ');
}
