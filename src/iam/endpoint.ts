import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { isLoopback } from '../http/local-address.ts';
import { hasControlCharacter } from '../visible.ts';

const publicEndpoint = 'https://iam.cloud.ibm.com';
const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i;
/** The token endpoint's own path: IBM's documentation writes the address with it and without. */
const tokenPath = /(?:\/identity(?:\/token)?)?\/*$/;

/**
 * The base address of IAM, without a slash at its end: `IBMCLOUD_IAM_API_ENDPOINT`, else the setting,
 * else the public one. `http:` only to this very machine: a secret goes there.
 * Throws `misconfigured`; the message names where the address came from and never repeats it.
 */
export function iamEndpoint({ env }: Context, setting?: string): string {
  if (env.IBMCLOUD_IAM_API_ENDPOINT) {
    return parseEndpoint(env.IBMCLOUD_IAM_API_ENDPOINT, 'IBMCLOUD_IAM_API_ENDPOINT');
  }
  return setting ? parseEndpoint(setting, "the settings' IAM endpoint") : publicEndpoint;
}

/** The base address of an IAM; `origin` names where the text comes from. Throws `misconfigured`. */
export function parseEndpoint(text: string, origin: string): string {
  const trimmed = text.trim();
  const url = URL.parse(hasScheme.test(trimmed) ? trimmed : `https://${trimmed}`);
  if (url === null || hasControlCharacter(trimmed)) {
    throw misconfigured(origin, 'is not an address', `set it to one like ${publicEndpoint}`);
  }
  if (url.username !== '' || url.password !== '') {
    throw misconfigured(origin, 'contains a user name', 'remove it');
  }
  if (url.search !== '' || url.hash !== '') {
    throw misconfigured(origin, 'contains more than an address', `try ${url.origin}`);
  }
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
    throw misconfigured(
      origin,
      'is not an https:// address',
      'use https://: secrets are sent there',
    );
  }
  return url.origin + url.pathname.replace(tokenPath, '');
}

function misconfigured(origin: string, problem: string, hint: string): HelperError {
  return new HelperError('misconfigured', `${origin} ${problem}`, { hint });
}
