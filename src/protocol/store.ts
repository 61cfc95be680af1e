import type { Context } from '../context.ts';
import { HelperError, protocolErrors } from '../errors.ts';
import { findCredential } from '../identity/find.ts';
import { type Found, lookupIn } from '../identity/lookup.ts';
import { entitledRegistry, isIdentityToken } from '../identity/present.ts';
import { objectOrProblem } from '../json-object.ts';
import { helperOf } from '../program-name.ts';
import { hostKey, isIbmHost } from '../registry/match.ts';
import type { RegistryHost } from '../registry/parse.ts';
import { ownVariable } from '../secret-variables.ts';
import { storeSecret } from '../secrets/replace-secret.ts';
import type { Credential } from '../secrets/store-types.ts';
import { readInput } from '../standard-input.ts';
import { hasControlCharacter, shellQuoted, visible } from '../visible.ts';
import { invalid, requireHost } from './input.ts';
import { passOn } from './pass-on.ts';

/**
 * Stores the credential of `docker login HOST`, unless it is the credential that `get` has returned: without a new one, Docker
 * calls `get` and then `store` with the result, or with an identity token that the registry issued for it. Throws
 * `misconfigured` for another credential than that of the identity that is mapped to the host, which has precedence.
 */
export async function store(context: Context): Promise<string> {
  const input = await readInput(context);
  const { credential, host } = parseCredentialInput(input);
  const answer = await passOn(context, 'store', host, input);
  if (answer !== undefined) return answer;
  if (context.identity !== undefined && !isIbmHost(host)) {
    throw onlyForIbmHosts(context.identity);
  }
  // Credentials for other registries are stored without a check.
  const found = isIbmHost(host) ? await currentAnswer(context, host) : undefined;
  if (found !== undefined && (await isEcho(host, found, credential))) {
    if (isIdentityToken(credential.Username)) await warnOfToken(context, host, found);
    return '';
  }
  if (context.identity !== undefined) {
    const { saveNamedLogin } = await import('../identity/named-login.ts');
    await saveNamedLogin(context, context.identity, host, credential);
    return '';
  }
  const isPreferred = found === undefined || isPreferredTo(found, host, credential);
  if (found?.identity !== undefined && !isPreferred)
    throw refuseLogin(context, host, found.identity);
  await storeSecret(context, { of: 'host', name: hostKey(host) }, credential);
  if (found?.variable === ownVariable && !isPreferred) {
    context.warn(
      `${host.name} still uses ${ownVariable}, not this credential`,
      `run unset ${ownVariable}`,
    );
  }
  return '';
}

function onlyForIbmHosts(identity: string): HelperError {
  const message = `docker-credential-${visible(helperOf(identity))} stores credentials for ICR hosts only`;
  return new HelperError('invalid-input', message, {
    hint: 'use docker-credential-icr for other registries',
  });
}

/** `docker login` shows standard error, and fails with the text of the error. */
function refuseLogin(context: Context, { name }: RegistryHost, identity: string): HelperError {
  const message = `${name} still uses identity ${identity}; this credential was not stored`;
  const hint = `run docker-credential-icr login ${name}, or log out of ${name} and log in again`;
  context.warn(message, hint);
  return new HelperError('misconfigured', message, { hint });
}

/** Docker makes the same calls whether the user has typed another key or none; only the registry knows which key was used. */
async function warnOfToken(context: Context, { name }: RegistryHost, found: Found): Promise<void> {
  const { identities } = await lookupIn(context).settings();
  if (found.identity === undefined || Object.keys(identities).length < 2) return;
  context.warn(
    `${name} uses identity ${found.identity}, whichever key was used for this login`,
    `run docker-credential-icr login ${context.identity === undefined ? name : `--identity ${shellQuoted(found.identity)}`} to use another key`,
  );
}

/** The entitled registry accepts nothing but entitlement keys, so a credential for every host yields to one. */
function isPreferredTo(
  { username }: Found,
  { name }: RegistryHost,
  { Username }: Credential,
): boolean {
  const isUsable = Username === 'cp' || isIdentityToken(Username);
  return name === entitledRegistry && isUsable && username !== 'cp';
}

/** A failure must not prevent a new login, which fixes it. */
async function currentAnswer(context: Context, host: RegistryHost): Promise<Found | undefined> {
  try {
    return await findCredential(lookupIn(context), host);
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    // With docker-credential-icr-NAME, the login replaces the secret that failed.
    if (context.identity === undefined) context.warn(error.message, error.hint);
    return undefined;
  }
}

async function isEcho(host: RegistryHost, found: Found, credential: Credential): Promise<boolean> {
  if (isIdentityToken(credential.Username)) {
    return host.name === entitledRegistry
      ? found.username === 'cp'
      : !isIdentityToken(found.username);
  }
  if (credential.Username !== found.username) return false;
  return found.isMinted === true || credential.Secret === (await found.secret());
}

/**
 * The input of `store`: a JSON object with three texts; other members are ignored, as Docker does. The credential of
 * another registry may be any valid Unicode text: keys of Google Cloud are JSON of several lines. Nothing that IBM
 * accepts contains a control character.
 */
export function parseCredentialInput(text: string): { credential: Credential; host: RegistryHost } {
  if (text.trim() === '') throw new HelperError('invalid-input', protocolErrors.missingServerURL);
  const value = objectOrProblem(text);
  if (typeof value === 'string') throw invalid(`the input is ${value}`);
  const { ServerURL = '', Username = '', Secret = '' } = value;
  for (const [name, value] of Object.entries({ ServerURL, Username, Secret })) {
    if (typeof value !== 'string') throw invalid(`${name} is not a string`);
    if (!value.isWellFormed()) throw invalid(`${name} is not valid Unicode`);
  }
  const credential = { ServerURL, Username, Secret } as Credential;
  const host = requireHost(credential.ServerURL.trim());
  const checked = isIbmHost(host) ? credential : { ServerURL };
  for (const [name, value] of Object.entries(checked)) {
    if (hasControlCharacter(value)) throw invalid(`${name} contains a control character`);
  }
  if (credential.Username === '') {
    throw new HelperError('invalid-input', protocolErrors.missingUsername);
  }
  if (credential.Secret === '') throw invalid('Secret is empty');
  return { credential, host };
}
