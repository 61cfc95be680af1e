import { randomBytes } from 'node:crypto';
import { ownerOfAccessToken } from './access-token.ts';
import type { Cloud } from './cloud.ts';
import type { Basic } from './exchange.ts';
import type { Subject } from './subjects.ts';

/** Who asks for a registry token; `undefined` for the entitlement key, which belongs to nobody here. */
export interface Principal {
  readonly subject: Subject | undefined;
  readonly userName: string;
  /** Pulls only, whatever its subject may do. */
  readonly readOnly: boolean;
}

export interface RegistryCredentials {
  /** `unsupported` is a user name that the registry does not know. */
  check(credential: Basic, host: string): Promise<Principal | 'refused' | 'unsupported'>;
  /** What `docker login` is handed to keep in place of the credential. */
  issueIdentityToken(credential: Basic): string;
  /** The credential behind it, which is checked again each time. */
  behindIdentityToken(token: string): Basic | undefined;
}

const knownUserName = /^(iamapikey|iamrefresh|iambearer|token|cp|Profile-[\w-]+)$/;

/** `registryTokens` tells whether the user name `token` still opens anything. */
export function createRegistryCredentials(
  { accounts, signer }: Cloud,
  registryTokens: boolean,
): RegistryCredentials {
  const identityTokens = new Map<string, Basic>();

  async function ownerOf({ userName, password }: Basic): Promise<Subject | string | undefined> {
    if (userName === 'iamapikey') return accounts.ownerOfApiKey(password);
    if (userName === 'iamrefresh') return accounts.ownerOfRefreshToken(password);
    if (userName === 'iambearer') return await ownerOfAccessToken(signer, accounts, password);
    const key = accounts.ownerOfApiKey(password);
    const profile = accounts.trustedProfiles().find(({ sub }) => sub === userName);
    return typeof key !== 'string' && profile?.assumableBy.includes(key.iamId)
      ? profile
      : undefined;
  }

  function byEntitlementKey(key: string, host: string): Principal | 'refused' {
    if (!/^cp\.icr\.io(:\d+)?$/.test(host) || !accounts.isEntitlementKey(key)) return 'refused';
    return { subject: undefined, userName: 'cp', readOnly: true };
  }

  function byRegistryToken(token: string): Principal | 'refused' {
    const found = registryTokens ? accounts.liveRegistryToken(token) : undefined;
    const subject = accounts.subject(found?.owner ?? '');
    if (found === undefined || subject === undefined) return 'refused';
    return { subject, userName: 'token', readOnly: found.readonly };
  }

  return {
    async check(credential, host) {
      const { userName, password } = credential;
      if (!knownUserName.test(userName)) return 'unsupported';
      if (userName === 'cp') return byEntitlementKey(password, host);
      if (userName === 'token') return byRegistryToken(password);
      const subject = await ownerOf(credential);
      return typeof subject === 'object' ? { subject, userName, readOnly: false } : 'refused';
    },
    issueIdentityToken(credential) {
      const token = randomBytes(48).toString('base64url');
      identityTokens.set(token, credential);
      return token;
    },
    behindIdentityToken: (token) => identityTokens.get(token),
  };
}
