import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { isLoopback } from '../http/local-address.ts';
import { hasControlCharacter } from '../visible.ts';

const publicEndpoint = 'https://iam.cloud.ibm.com';
const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i;
/** The path of the token endpoint. IBM's documentation has the address with and without it. */
const tokenPath = /(?:\/identity(?:\/token)?)?\/*$/;

/**
 * Returns the base address of IAM without a trailing slash: `IBMCLOUD_IAM_API_ENDPOINT`, or the setting, or the public
 * one. Throws `misconfigured` if it is not a valid address.
 */
export function iamEndpoint({ env }: Context, setting?: string): string {
  if (env.IBMCLOUD_IAM_API_ENDPOINT) {
    return parseEndpoint(env.IBMCLOUD_IAM_API_ENDPOINT, 'IBMCLOUD_IAM_API_ENDPOINT');
  }
  return setting ? parseEndpoint(setting, 'the setting iamEndpoint') : publicEndpoint;
}

/**
 * Parses an address of IAM. Only `https:` is allowed, or `http:` for loopback addresses, because secrets are sent
 * there. Throws `misconfigured`; the message names the `origin` of the text and does not contain the text.
 */
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
    throw misconfigured(origin, 'contains a query or a fragment', `set it to ${url.origin}`);
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
