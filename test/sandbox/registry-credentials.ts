import { randomBytes } from 'node:crypto';
import { ownerOfAccessToken } from './access-token.ts';
import type { Cloud } from './cloud.ts';
import type { Basic } from './exchange.ts';
import type { Subject } from './subjects.ts';

/** The authenticated caller. An entitlement key has no subject. */
export interface Principal {
  readonly subject: Subject | undefined;
  readonly userName: string;
  /** Allows pulls only, regardless of the subject's permissions. */
  readonly readOnly: boolean;
}

export interface RegistryCredentials {
  /** Checks a credential. Returns `unsupported` if the registry does not know the user name. */
  check(credential: Basic, host: string): Promise<Principal | 'refused' | 'unsupported'>;
  /** Returns an identity token, which `docker login` stores instead of the credential. */
  issueIdentityToken(credential: Basic): string;
  /** Returns the credential for an identity token. It is checked again for each request. */
  behindIdentityToken(token: string): Basic | undefined;
}

const knownUserName = /^(iamapikey|iamrefresh|iambearer|token|cp|Profile-[\w-]+)$/;

/** `registryTokens`: whether the user name `token` is still accepted. */
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
