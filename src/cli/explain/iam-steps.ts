import { HelperError } from '../../errors.ts';
import { attempt } from '../../files/storage-error.ts';
import type { Caller } from '../../http/api-call.ts';
import { ownerOf } from '../../iam/owner.ts';
import { accessTokenOf, nameOf, toCaller } from '../../identity/access.ts';
import type { Found } from '../../identity/lookup.ts';
import { parseClaims } from '../../jwt-claims.ts';
import { shellQuoted } from '../../visible.ts';
import { type Finding, ok, problem, skipped, warning } from '../doctor/check.ts';
import { renewHint } from './credential-step.ts';
import { causeHint } from './refusal-hint.ts';
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
  const renew = code === 'refused' ? await renewHint(step, found) : hint;
  return problem(message, causeHint(step, error) ?? renew);
}

function policyCommand({ accessToken }: Caller): string {
  const { sub, subType } = parseClaims(accessToken);
  const kinds: Readonly<Record<string, string>> = {
    ServiceId: 'service-policy-create',
    Profile: 'trusted-profile-policy-create',
  };
  return `ibmcloud iam ${kinds[subType ?? ''] ?? 'user-policy-create'} ${shellQuoted(sub)}`;
}
