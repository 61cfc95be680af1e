import { randomUUID } from 'node:crypto';
import type { Cloud } from './cloud.ts';
import { type Answer, type Asked, type Basic, json, type Service } from './exchange.ts';
import type { Principal, RegistryCredentials } from './registry-credentials.ts';
import { grantAccess, parseScopes } from './scopes.ts';

/** Issuer of the tokens that clients send to `/v2/`: `auth.token.issuer` in docker-registry's configuration. */
export const registryIssuer = 'IBM Cloud sandbox registry';

/** `auth.token.service` there. */
export const registryService = 'registry';

export interface RegistryTokenOptions extends Cloud {
  readonly credentials: RegistryCredentials;
  /** Whether a login is handed an identity token. */
  readonly identityTokens: boolean;
}

export function registryError(status: number, code: string, message: string): Answer {
  return json(status, { errors: [{ code, message, detail: message }] });
}

/** What the request signs in with; `undefined` for a request without any credential. */
function credentialOf({ method, form, basic }: Asked, known: RegistryCredentials) {
  if (method !== 'POST') return basic;
  const grant = form.get('grant_type');
  if (grant === 'password') {
    return { userName: form.get('username') ?? '', password: form.get('password') ?? '' };
  }
  if (grant === 'refresh_token') {
    return known.behindIdentityToken(form.get('refresh_token') ?? '') ?? 'refused';
  }
  return 'refused';
}

/** Docker's login asks for one by `offline_token` (GET) or `access_type` (POST). */
function wantsIdentityToken({ query, form }: Asked): boolean {
  return query.get('offline_token') === 'true' || form.get('access_type') === 'offline';
}

async function grantToken(
  asked: Asked,
  principal: Principal | undefined,
  credential: Basic | undefined,
  options: RegistryTokenOptions,
): Promise<Answer> {
  const { accounts, signer, lifetimes, credentials, identityTokens } = options;
  const wanted = parseScopes([...asked.query.getAll('scope'), ...asked.form.getAll('scope')]);
  const access = grantAccess(wanted, principal, asked.host, accounts);
  if (principal === undefined && !access.some(({ actions }) => actions.length > 0)) {
    return registryError(401, 'UNAUTHORIZED', 'authentication required');
  }
  const lifetime = lifetimes.registryToken;
  const token = await signer.signWithCertificate(
    {
      iss: registryIssuer,
      aud: registryService,
      sub: principal?.subject?.iamId ?? principal?.userName ?? '',
      jti: randomUUID(),
      access,
    },
    lifetime,
  );
  const given = asked.form.get('refresh_token');
  const isKept = identityTokens && credential !== undefined && wantsIdentityToken(asked);
  const refreshToken = given ?? (isKept ? credentials.issueIdentityToken(credential) : undefined);
  return json(200, {
    token,
    access_token: token,
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    expires_in: lifetime,
    issued_at: new Date(signer.clock()).toISOString(),
  });
}

/** `/oauth/token`: GET with Basic or without, POST with a password or an identity token. */
export function createRegistryToken(options: RegistryTokenOptions): Service {
  return async (asked) => {
    const service = asked.query.get('service') ?? asked.form.get('service');
    if (service !== registryService) return registryError(400, 'UNSUPPORTED', 'no such service');
    const credential = credentialOf(asked, options.credentials);
    if (credential === undefined) return await grantToken(asked, undefined, undefined, options);
    const principal =
      credential === 'refused'
        ? credential
        : await options.credentials.check(credential, asked.host);
    if (principal === 'unsupported') {
      return registryError(401, 'UNSUPPORTED', 'The username is not supported.');
    }
    if (credential === 'refused' || principal === 'refused') {
      const message = 'The username and password combination is not valid.';
      return registryError(401, 'UNAUTHORIZED', message);
    }
    return await grantToken(asked, principal, credential, options);
  };
}
