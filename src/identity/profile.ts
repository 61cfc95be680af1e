import { HelperError } from '../errors.ts';
import { hasControlCharacter } from '../visible.ts';

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

/** The same, and accepts a CRN, which ends with the ID. */
export function requireProfileIdOrCrn(text: string): string {
  const id = /^crn:v1:[\w:/-]+:profile:(Profile-[\w-]+)$/.exec(text.trim())?.[1];
  return requireProfileId(id ?? text);
}

/** The same, and accepts a name, which only IAM can resolve. */
export function requireProfile(text: string): string {
  const name = text.trim();
  const isId = /^(?:iam-|profile-|crn:)/i.test(name);
  // A longer word may be an API key in the wrong place. It must be neither sent nor shown.
  const isKey = /^[\w-]{32,}$/.test(name);
  const isName = name !== '' && name.length <= 128 && !hasControlCharacter(name);
  return isName && !isId && !isKey ? name : requireProfileIdOrCrn(text);
}
