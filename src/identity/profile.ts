import { HelperError } from '../errors.ts';

/**
 * Returns the ID of a trusted profile, which is also its user name for the registry; accepts an IAM ID (`iam-Profile-…`) as
 * well. Throws `invalid-input` for a name or a CRN.
 */
export function requireProfileId(text: string): string {
  const id = /^(?:iam-)?(Profile-[\w-]{1,100})$/.exec(text.trim())?.[1];
  if (id !== undefined) return id;
  throw new HelperError('invalid-input', 'invalid trusted profile ID; expected Profile-…', {
    hint: 'run ibmcloud iam trusted-profiles to list the IDs',
  });
}

/** The same, or a CRN: IAM and the metadata service accept both for the identity of a machine. */
export function requireComputeProfile(text: string): string {
  const crn = text.trim();
  return /^crn:v1:[\w:/-]+:profile:Profile-[\w-]{1,100}$/.test(crn) ? crn : requireProfileId(text);
}
