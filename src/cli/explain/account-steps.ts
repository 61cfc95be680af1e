import { HelperError } from '../../errors.ts';
import { attempt } from '../../files/storage-error.ts';
import type { Caller } from '../../http/api-call.ts';
import {
  isPrivateOnly,
  type NamespaceDetails,
  namespacesOf,
  type Quotas,
  quotasOf,
} from '../../registry/account-limits.ts';
import { regionOf } from '../../registry/regions.ts';
import { type Finding, ok, problem, skipped, warning } from '../doctor/check.ts';
import type { OwnerAnswer } from './iam-steps.ts';
import { allowingGrants, policyFinding, readGrants } from './policy-step.ts';
import {
  type AccountState,
  isMissing,
  privateHint,
  quotaHint,
  refusalHint,
  registryCommand,
} from './refusal-hint.ts';
import type { RegistryAnswer } from './registry-steps.ts';
import type { Step } from './step.ts';

/** The state of the account, and the hint for the registry's refusal that follows from it. */
interface AccountAnswer {
  readonly findings: readonly (readonly [name: string, finding: Finding])[];
  readonly hint: string | undefined;
}

/**
 * Requests from IAM and the registry's API everything that can forbid the pull or push. The registry's own answer decides about
 * policies and namespaces: the owner of an account needs no policy, and an image can belong to another account.
 */
export async function accountFindings(
  step: Step,
  { caller, policyCommand = '' }: OwnerAnswer,
  { error, isCredentialRefused }: RegistryAnswer,
): Promise<AccountAnswer> {
  const refusal = error?.code === 'refused' && !isCredentialRefused ? error : undefined;
  if (caller === undefined) return { findings: [], hint: refusalHint(step, refusal, {}) };
  const { name, namespace } = step.image.host;
  const [grants, namespaces, quotas, privateOnly] = await Promise.all([
    readGrants(step, caller),
    attempt(() => namespacesOf(step.context, caller, name)),
    attempt(() => quotasOf(step.context, caller, name)),
    attempt(() => isPrivateOnly(step.context, caller, name)),
  ]);
  const found =
    namespaces instanceof HelperError
      ? namespaces
      : namespaces.find((each) => each.name === namespace);
  const resourceGroup = found instanceof HelperError ? undefined : found?.resourceGroup;
  const place = { namespace, region: regionOf(name), resourceGroup };
  const isAllowed =
    !(grants instanceof HelperError) && allowingGrants(step, place, grants).length > 0;
  const isOwn = ownership(found, refusal, isAllowed);
  const policies =
    isOwn === false && refusal !== undefined
      ? skipped(`policies of account ${caller.account} do not apply to other accounts`)
      : policyFinding(step, place, grants, policyCommand, error);
  const state: AccountState = {
    account: caller.account,
    policyHint: policies.hint,
    isOwn,
    isOverQuota: !(quotas instanceof HelperError) && isReached(quotaFor(step, quotas)),
    isPrivateOnly: privateOnly === true,
  };
  return {
    findings: [
      ['policies', policies],
      ['namespace', namespaceFinding(step, caller, found, refusal, isOwn)],
      ['quota', quotaFinding(step, quotas, state, error)],
      ['network', networkFinding(step, privateOnly, state, error)],
    ],
    hint: refusalHint(step, refusal, state),
  };
}

/**
 * Returns whether the namespace belongs to the caller's account; undefined if that is not known. IBM lists only the namespaces
 * that the caller may see, so one that is not listed may belong to the account.
 */
function ownership(
  found: NamespaceDetails | HelperError | undefined,
  refusal: HelperError | undefined,
  isAllowed: boolean,
): boolean | undefined {
  if (found instanceof HelperError) return undefined;
  if (found !== undefined) return true;
  return refusal === undefined || isAllowed || isMissing(refusal) ? false : undefined;
}

function namespaceFinding(
  { image }: Step,
  { account }: Caller,
  found: NamespaceDetails | HelperError | undefined,
  refusal: HelperError | undefined,
  isOwn: boolean | undefined,
): Finding {
  if (found instanceof HelperError) return unknown(found);
  const { name, namespace } = image.host;
  if (found !== undefined) return ok(`${namespace} belongs to account ${account}`);
  const what = `account ${account} has no namespace ${namespace} on ${name}`;
  if (refusal === undefined) return ok(`${what}; it is public or belongs to another account`);
  const list = registryCommand({ image }, 'namespace-list');
  if (isOwn === false) return problem(what, list);
  return warning(`${what} that this identity may see`, list);
}

function quotaFinding(
  step: Step,
  quotas: Quotas | HelperError,
  state: AccountState,
  error: HelperError | undefined,
): Finding {
  if (quotas instanceof HelperError) return unknown(quotas);
  const quota = quotaFor(step, quotas);
  const what = step.isPush ? 'storage' : 'pull traffic of this month';
  if (quota === undefined) return skipped(`${what}: not in the answer of ${step.image.host.name}`);
  if (quota === 'unlimited') return ok(`${what}: no limit`);
  const { usedBytes, limitBytes } = quota;
  const used = `${what}: ${megabytes(usedBytes)} of ${megabytes(limitBytes)} used`;
  if (!isReached(quota)) return ok(used);
  return limiting(state, error)(`${used}: quota exceeded`, quotaHint(step));
}

function networkFinding(
  { image }: Step,
  privateOnly: boolean | undefined | HelperError,
  state: AccountState,
  error: HelperError | undefined,
): Finding {
  if (privateOnly instanceof HelperError) return unknown(privateOnly);
  const { name } = image.host;
  if (privateOnly === undefined) {
    return skipped(`private-only access: not in the answer of ${name}`);
  }
  if (!privateOnly) return ok('private-only access is off');
  if (name.startsWith('private.')) return ok('private-only access is on, and this host is private');
  const what = `private-only access is on, and ${name} is a public host`;
  return limiting(state, error)(what, privateHint({ image }));
}

/** A limit of this account is no error for a namespace of another account, or if the registry accepts. */
function limiting({ isOwn }: AccountState, error: HelperError | undefined) {
  return isOwn === false || error === undefined ? warning : problem;
}

function quotaFor({ isPush }: Step, { storage, traffic }: Quotas): Quotas['storage'] {
  return isPush ? storage : traffic;
}

function isReached(quota: Quotas['storage']): boolean {
  return typeof quota === 'object' && quota.usedBytes >= quota.limitBytes;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MB`;
}

/** The registry's answer has precedence, so a state that cannot be read is not an error. */
function unknown({ code, message, hint }: HelperError): Finding {
  return code === 'unreachable' ? warning(message, hint) : skipped(message);
}
