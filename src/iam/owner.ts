import type { Context } from '../context.ts';
import { type Claims, parseClaims } from './claims.ts';
import { requestToken } from './token.ts';

/** Whose a root secret is, as IAM says. */
export interface Owner {
  /** `user jane@example.com`, `service ID ci`, `trusted profile nodes`. */
  readonly owner: string;
  readonly account?: string;
  /** When the root secret ends, in milliseconds since 1970, where it does. */
  readonly expiresAt?: number;
}

/** Asks IAM whose an API key is. Throws `refused` where it is nobody's, else `unreachable`. */
export async function ownerOfApiKey(
  context: Context,
  apiKey: string,
  options: { readonly hint: string; readonly endpoint?: string },
): Promise<Owner> {
  const grant = { kind: 'api-key', apiKey } as const;
  const { token } = await requestToken(context, grant, { ...options, owner: 'the API key' });
  return ownerOf(parseClaims(token));
}

const kinds: Readonly<Record<string, string>> = {
  ServiceId: 'service ID',
  Profile: 'trusted profile',
};

function ownerOf({ sub, subType, name, account }: Claims): Owner {
  const kind = subType === undefined ? 'user' : (kinds[subType] ?? subType);
  const owner = `${kind} ${subType === undefined ? sub : (name ?? sub)}`;
  return { owner, ...(account === undefined ? {} : { account }) };
}
