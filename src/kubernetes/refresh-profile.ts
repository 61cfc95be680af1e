import { HelperError } from '../errors.ts';
import { requireProfile, requireProfileId } from '../identity/profile.ts';
import { profileAnnotation } from './pod-identity.ts';
import type { ObjectMetadata } from './refreshed-secret.ts';

export interface ProfileOptions {
  /** The trusted profile of namespaces without annotation. */
  readonly profile: string | undefined;
  /** All namespaces use the API key; an annotation is refused. */
  readonly usesApiKey: boolean;
}

/**
 * The annotation of a namespace with the trusted profiles that its service accounts may select. All profiles trust the
 * refresher, and the users of a namespace can usually change its service accounts, but not the namespace.
 */
const allowedProfiles = 'icr.io/service-account-profiles';

/** Returns the trusted profile of a namespace; undefined if it has none, or uses the API key. Throws `misconfigured`. */
export function namespaceProfile(
  namespace: ObjectMetadata,
  { profile, usesApiKey }: ProfileOptions,
): string | undefined {
  const annotated = annotatedProfile(namespace, usesApiKey);
  if (annotated !== undefined) return requireProfileId(annotated);
  return profile === undefined ? undefined : requireProfile(profile);
}

/** Returns the service account's own trusted profile; undefined if it has none. Throws `misconfigured` or `refused`. */
export function accountProfile(
  namespace: ObjectMetadata,
  account: ObjectMetadata,
  { profile: usual, usesApiKey }: ProfileOptions,
): string | undefined {
  const annotated = annotatedProfile(account, usesApiKey);
  if (annotated === undefined) return undefined;
  const profile = requireProfileId(annotated);
  const { [allowedProfiles]: list = '', [profileAnnotation]: own = usual } = namespace.annotations;
  if ([...list.split(/[\s,]+/), own].includes(profile)) return profile;
  throw new HelperError(
    'refused',
    `the namespace does not allow ${profile} for service account ${account.name}`,
    { hint: `add the profile to the annotation ${allowedProfiles} of the namespace` },
  );
}

/** Throws `misconfigured` if the namespace has no trusted profile. */
export function assertProfile(profile: string | undefined, { usesApiKey }: ProfileOptions): void {
  if (profile !== undefined || usesApiKey) return;
  throw new HelperError('misconfigured', `there is no annotation ${profileAnnotation}`, {
    hint: 'annotate the namespace with the ID of a trusted profile, or use --trusted-profile',
  });
}

function annotatedProfile(
  { annotations }: ObjectMetadata,
  usesApiKey: boolean,
): string | undefined {
  const annotated = annotations[profileAnnotation];
  if (annotated === undefined || !usesApiKey) return annotated;
  throw new HelperError('misconfigured', `${profileAnnotation} is not used with an API key`, {
    hint: 'remove the annotation, or use trusted profiles in all namespaces',
  });
}
