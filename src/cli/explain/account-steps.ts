import { HelperError } from '../../errors.ts';
import { attempt } from '../../files/storage-error.ts';
import type { Caller } from '../../http/api-call.ts';
import {
  isPrivateOnly,
  namespacesOf,
  type Quotas,
  quotasOf,
} from '../../registry/account-limits.ts';
import { type Finding, ok, problem, skipped, warning } from '../doctor/check.ts';
import { type OwnerAnswer, policyFinding } from './iam-steps.ts';
import { type AccountState, privateHint, quotaHint, refusalHint } from './refusal-hint.ts';
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
  const { name } = step.image.host;
  const [policies, namespaces, quotas, privateOnly] = await Promise.all([
    policyFinding(step, caller, policyCommand, error),
    attempt(() => namespacesOf(step.context, caller, name)),
    attempt(() => quotasOf(step.context, caller, name)),
    attempt(() => isPrivateOnly(step.context, caller, name)),
  ]);
  const isOwn =
    namespaces instanceof HelperError ? undefined : namespaces.includes(step.image.host.namespace);
  const state: AccountState = {
    policyHint: policies.hint,
    isOwn,
    isOverQuota: !(quotas instanceof HelperError) && isReached(quotaFor(step, quotas)),
    isPrivateOnly: privateOnly === true,
  };
  return {
    findings: [
      ['policies', policies],
      ['namespace', namespaceFinding(step, caller, namespaces, refusal)],
      ['quota', quotaFinding(step, quotas, state, error)],
      ['network', networkFinding(step, privateOnly, state, error)],
    ],
    hint: refusalHint(step, refusal, state),
  };
}

function namespaceFinding(
  { image }: Step,
  { account }: Caller,
  namespaces: readonly string[] | HelperError,
  refusal: HelperError | undefined,
): Finding {
  if (namespaces instanceof HelperError) return unknown(namespaces);
  const { name, namespace } = image.host;
  if (namespaces.includes(namespace)) return ok(`${namespace} belongs to account ${account}`);
  const what = `account ${account} has no namespace ${namespace} on ${name}`;
  if (refusal === undefined) return ok(`${what}; it is public or belongs to another account`);
  const list = `run ibmcloud cr namespace-list to see the namespaces of the account`;
  return problem(what, list);
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
  return limiting(state, error)(what, privateHint(name));
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
