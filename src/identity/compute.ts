import type { Lookup } from './lookup.ts';
import type { Found } from './source.ts';
import { mintedAccessToken } from './tokens.ts';

/** The trusted profile that this machine or pod may act as, where the settings allow it. */
export function fromComputeIdentity(lookup: Lookup): Found | undefined {
  const profile = lookup.settings().computeProfile;
  if (profile === undefined) return undefined;
  const holder = {
    name: `compute ${profile}`,
    kind: 'trusted-profile',
    profile,
    since: 0,
    root: '',
    hint: `let profile ${profile} trust this machine, or run docker-credential-icr settings compute-profile off`,
  } as const;
  const accessToken = (force: boolean) => mintedAccessToken(lookup, holder, force);
  return {
    username: 'iambearer',
    secret: () => accessToken(false),
    accessToken,
    isMinted: true,
    keptIn: 'this machine',
  };
}
