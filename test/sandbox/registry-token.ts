import { randomUUID } from 'node:crypto';
import type { Cloud } from './cloud.ts';
import { type Answer, type Basic, json, type ReceivedRequest, type Service } from './exchange.ts';
import type { Principal, RegistryCredentials } from './registry-credentials.ts';
import { grantAccess, parseScopes } from './scopes.ts';

/** The issuer of the tokens for `/v2/`: `auth.token.issuer` in docker-registry's configuration. */
export const registryIssuer = 'IBM Cloud sandbox registry';

/** `auth.token.service` in docker-registry's configuration. */
const registryService = 'registry';

interface RegistryTokenOptions extends Cloud {
  readonly credentials: RegistryCredentials;
  /** Whether a login returns an identity token. */
  readonly identityTokens: boolean;
}

export function registryError(status: number, code: string, message: string): Answer {
  return json(status, { errors: [{ code, message, detail: message }] });
}

/** Returns the credential of a request, or undefined if it has none. */
function credentialOf({ method, form, basic }: ReceivedRequest, known: RegistryCredentials) {
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

/**
 * Returns true if the request asks for an identity token, as `docker login` does with `offline_token` (GET) or
 * `access_type` (POST).
 */
function wantsIdentityToken({ query, form }: ReceivedRequest): boolean {
  return query.get('offline_token') === 'true' || form.get('access_type') === 'offline';
}

async function grantToken(
  received: ReceivedRequest,
  principal: Principal | undefined,
  credential: Basic | undefined,
  options: RegistryTokenOptions,
): Promise<Answer> {
  const { accounts, signer, lifetimes, credentials, identityTokens } = options;
  const wanted = parseScopes([...received.query.getAll('scope'), ...received.form.getAll('scope')]);
  const access = grantAccess(wanted, principal, received.host, accounts);
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
  const given = received.form.get('refresh_token');
  const isKept = identityTokens && credential !== undefined && wantsIdentityToken(received);
  const refreshToken = given ?? (isKept ? credentials.issueIdentityToken(credential) : undefined);
  return json(200, {
    token,
    access_token: token,
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    expires_in: lifetime,
    issued_at: new Date(signer.clock()).toISOString(),
  });
}

/** Handles `/oauth/token`: GET with or without Basic authentication, POST with a password or an identity token. */
export function createRegistryToken(options: RegistryTokenOptions): Service {
  return async (received) => {
    const service = received.query.get('service') ?? received.form.get('service');
    if (service !== registryService) return registryError(400, 'UNSUPPORTED', 'no such service');
    const credential = credentialOf(received, options.credentials);
    if (credential === undefined) return await grantToken(received, undefined, undefined, options);
    const principal =
      credential === 'refused'
        ? credential
        : await options.credentials.check(credential, received.host);
    if (principal === 'unsupported') {
      return registryError(401, 'UNSUPPORTED', 'The username is not supported.');
    }
    if (credential === 'refused' || principal === 'refused') {
      const message = 'The username and password combination is not valid.';
      return registryError(401, 'UNAUTHORIZED', message);
    }
    return await grantToken(received, principal, credential, options);
  };
}
