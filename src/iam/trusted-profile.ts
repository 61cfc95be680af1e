/** How IAM selects a trusted profile. */
export type TrustedProfile =
  | { readonly id: string }
  | { readonly crn: string }
  | { readonly name: string };

/** A trusted profile for `assume`. A name requires the account, because it is unique only within an account. */
export type AssumedProfile =
  | Exclude<TrustedProfile, { readonly name: string }>
  | { readonly name: string; readonly account: string };

/** Returns the profile with this ID, IAM ID, CRN or name, as the ibmcloud CLI reads `IBMCLOUD_CR_PROFILE`. */
export function trustedProfile(text: string): TrustedProfile {
  const id = /^(?:iam-)?(Profile-[\w-]+)$/.exec(text)?.[1];
  if (id !== undefined) return { id };
  return text.startsWith('crn:') ? { crn: text } : { name: text };
}

/** Returns the fields of a token request that select the profile. */
export function profileFields(profile: TrustedProfile | AssumedProfile): Record<string, string> {
  if ('id' in profile) return { profile_id: profile.id };
  if ('crn' in profile) return { profile_crn: profile.crn };
  const account = 'account' in profile ? { account: profile.account } : {};
  return { profile_name: profile.name, ...account };
}
