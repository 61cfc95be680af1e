import { HelperError } from '../errors.ts';

/**
 * The ID of a trusted profile, which is also the registry's user name for it; as an IAM ID it begins with
 * `iam-`. Throws `invalid-input` for a name or a CRN.
 */
export function requireProfileId(text: string): string {
  const id = /^(?:iam-)?(Profile-[\w-]{1,100})$/.exec(text.trim())?.[1];
  if (id !== undefined) return id;
  throw new HelperError(
    'invalid-input',
    'the ID of a trusted profile looks like Profile-0a1b2c3d-…; ibmcloud iam trusted-profiles lists them',
  );
}
