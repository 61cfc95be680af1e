import { HelperError } from '../errors.ts';
import { isIbmHost } from '../registry/match.ts';
import { parseServerURL, type RegistryHost } from '../registry/parse.ts';

/** A host that a person typed. Throws `invalid-input` for one that is not IBM's. */
export function requireIbmHost(text: string): RegistryHost {
  const host = requireHost(text);
  if (isIbmHost(host)) return host;
  throw notIbm(host, 'use a host that ends in icr.io');
}

/** Any registry's. Throws `invalid-input`. */
export function requireHost(text: string): RegistryHost {
  const host = parseServerURL(text);
  // The argument is only repeated if it is a host for sure: it may be a key in the wrong place.
  if ('problem' in host) {
    throw new HelperError('invalid-input', `invalid host: ${host.problem}`, {
      hint: 'use a registry host, as us.icr.io',
    });
  }
  return host;
}

/** `invalid-input`: there is no stored credential to remove. */
export function nothingKept(host: RegistryHost): HelperError {
  const problem = isNameShown(host) ? `no credential is stored for ${host.name}` : 'invalid host';
  return new HelperError('invalid-input', problem, {
    hint: 'run docker-credential-icr status to list the hosts',
  });
}

/** `not-found`, for interactive commands. */
export function noCredential(host: string): HelperError {
  return new HelperError('not-found', `no credential for ${host}`, {
    hint: 'run docker-credential-icr login',
  });
}

function notIbm(host: RegistryHost, hint: string): HelperError {
  const problem = isNameShown(host)
    ? `${host.name} is not a host of IBM Cloud Container Registry`
    : 'invalid host; expected `*.icr.io`';
  return new HelperError('invalid-input', problem, { hint });
}

/** An API key has no dot. */
function isNameShown({ name }: RegistryHost): boolean {
  return name.includes('.');
}

/** The key of a mapping: `host`, or `host/namespace`. */
export function mappingKey({ name, namespace }: RegistryHost): string {
  return namespace === undefined ? name : `${name}/${namespace}`;
}
