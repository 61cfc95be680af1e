import type { IdentityKind, IdentitySettings, Mapping } from '../config/settings.ts';

/** The user name that fits each kind of root secret, as the registry names it. */
const usual: Readonly<Record<IdentityKind, string>> = {
  'api-key': 'iamapikey',
  'refresh-token': 'iamrefresh',
  'entitlement-key': 'cp',
  'registry-token': 'token',
  'trusted-profile': 'iambearer',
};

/** What a client is told the user name is: the mapping's word, the identity's, the usual one. */
export function presentation(identity: IdentitySettings, mapping?: Mapping): string {
  return mapping?.present ?? identity.present ?? usual[identity.kind];
}
