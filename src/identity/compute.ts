import type { Found, Lookup } from './lookup.ts';
import { mintedAccessToken } from './tokens.ts';

/** Returns the credential of the trusted profile for this instance or pod. */
export function computeIdentity(lookup: Lookup, profile: string): Found {
  const holder = {
    name: `compute ${profile}`,
    kind: 'trusted-profile',
    profile,
    since: 0,
    root: '',
    hint: `make trusted profile ${profile} trust this instance, or run docker-credential-icr settings compute-profile off`,
  } as const;
  const accessToken = (force: boolean) => mintedAccessToken(lookup, holder, force);
  return {
    username: 'iambearer',
    secret: () => accessToken(false),
    accessToken,
    isMinted: true,
    location: 'this machine',
  };
}
