import { randomBytes } from 'node:crypto';
import { ownerOfAccessToken } from './access-token.ts';
import type { Accounts } from './accounts.ts';
import type { Basic } from './exchange.ts';
import type { Signer } from './jwt.ts';
import type { Subject } from './subjects.ts';

/** Who asks for a registry token; `undefined` for the entitlement key, which belongs to nobody here. */
export interface Principal {
  readonly subject: Subject | undefined;
  readonly userName: string;
}

export interface RegistryCredentials {
  /** `unsupported` is a user name that the registry does not know. */
  check(credential: Basic, host: string): Promise<Principal | 'refused' | 'unsupported'>;
  /** What `docker login` is handed to keep in place of the credential. */
  issueIdentityToken(credential: Basic): string;
  /** The credential behind it, which is checked again each time. */
  behindIdentityToken(token: string): Basic | undefined;
}

/** Issuer of the registry tokens of old, which are passwords; the tokens that clients get have another. */
export const registryTokenIssuer = 'registry.sandbox.bluemix.net';

export function createRegistryCredentials(accounts: Accounts, signer: Signer): RegistryCredentials {
  const identityTokens = new Map<string, Basic>();

  async function ownerOf({ userName, password }: Basic): Promise<Subject | string | undefined> {
    if (userName === 'iamapikey') return accounts.ownerOfApiKey(password);
    if (userName === 'iamrefresh') return accounts.ownerOfRefreshToken(password);
    if (userName === 'iambearer') return await ownerOfAccessToken(signer, accounts, password);
    if (userName === 'token') {
      const claims = await signer.verify(password, registryTokenIssuer);
      return typeof claims?.sub === 'string' ? accounts.subject(claims.sub) : undefined;
    }
    const key = accounts.ownerOfApiKey(password);
    const profile = accounts.trustedProfiles().find(({ sub }) => sub === userName);
    return typeof key !== 'string' && profile?.assumableBy.includes(key.iamId)
      ? profile
      : undefined;
  }

  return {
    async check(credential, host) {
      const { userName, password } = credential;
      if (userName === 'cp') {
        const isEntitled = /^cp\.icr\.io(:\d+)?$/.test(host) && accounts.isEntitlementKey(password);
        return isEntitled ? { subject: undefined, userName } : 'refused';
      }
      if (!/^(iamapikey|iamrefresh|iambearer|token|Profile-[\w-]+)$/.test(userName))
        return 'unsupported';
      const subject = await ownerOf(credential);
      return typeof subject === 'object' ? { subject, userName } : 'refused';
    },
    issueIdentityToken(credential) {
      const token = randomBytes(48).toString('base64url');
      identityTokens.set(token, credential);
      return token;
    },
    behindIdentityToken: (token) => identityTokens.get(token),
  };
}
