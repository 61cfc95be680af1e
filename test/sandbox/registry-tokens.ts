import { randomUUID } from 'node:crypto';
import type { Signer } from './jwt.ts';

/** A password for the user name `token`. IBM deprecated these tokens and has rejected them since 2021. */
export interface RegistryToken {
  readonly id: string;
  /** The IAM ID of the owner. */
  readonly owner: string;
  readonly accountId: string;
  readonly description: string;
  readonly readonly: boolean;
  /** Seconds since 1970; undefined for a permanent token. */
  readonly expiry: number | undefined;
  /** The JWT. */
  readonly token: string;
}

interface RegistryTokenOptions {
  readonly owner: string;
  readonly accountId: string;
  readonly description?: string;
  /** If not set, the token expires after 24 hours. */
  readonly permanent?: boolean;
  /** If not set, the token allows pulls only. */
  readonly write?: boolean;
  /** Seconds, instead of 24 hours. */
  readonly lifetime?: number;
}

const issuer = 'registry.ng.bluemix.net';
const day = 24 * 60 * 60;

export function createRegistryTokens(signer: Signer) {
  const tokens = new Map<string, RegistryToken>();
  const seconds = () => Math.floor(signer.clock() / 1000);
  return {
    async addRegistryToken(options: RegistryTokenOptions): Promise<RegistryToken> {
      const id = randomUUID();
      const lifetime = options.permanent === true ? undefined : (options.lifetime ?? day);
      const added: RegistryToken = {
        id,
        owner: options.owner,
        accountId: options.accountId,
        description: options.description ?? '',
        readonly: options.write !== true,
        expiry: lifetime === undefined ? undefined : seconds() + lifetime,
        token: await signer.signWithKeyId({ jti: id, iss: issuer }, lifetime),
      };
      tokens.set(id, added);
      return added;
    },
    removeRegistryToken: ({ id }: { readonly id: string }): boolean => tokens.delete(id),
    registryTokens: (): readonly RegistryToken[] => [...tokens.values()],
    /** Finds a token that has not expired by its JWT. */
    liveRegistryToken(token: string): RegistryToken | undefined {
      const found = [...tokens.values()].find((each) => each.token === token);
      return (found?.expiry ?? Number.POSITIVE_INFINITY) > seconds() ? found : undefined;
    },
  };
}
