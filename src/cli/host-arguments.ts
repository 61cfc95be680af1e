import { HelperError } from '../errors.ts';
import { isIbmHost } from '../registry/match.ts';
import { parseServerURL, type RegistryHost } from '../registry/parse.ts';

/** Parses the name of an ICR host. Throws `invalid-input`. */
export function requireIbmHost(text: string): RegistryHost {
  const host = requireHost(text);
  if (isIbmHost(host)) return host;
  const problem = isNameShown(host)
    ? `${host.name} is not a host of IBM Cloud Container Registry`
    : 'invalid host; expected `*.icr.io`';
  throw new HelperError('invalid-input', problem, { hint: 'use a host that ends in icr.io' });
}

/** Parses the name of any registry. Throws `invalid-input`. */
export function requireHost(text: string): RegistryHost {
  const host = parseServerURL(text);
  // The argument is not repeated: it may be an API key in the wrong place.
  if ('problem' in host) {
    throw new HelperError('invalid-input', `invalid host: ${host.problem}`, {
      hint: 'use the name of a registry host, such as us.icr.io',
    });
  }
  return host;
}

/** Returns the error for a registry without a stored credential. */
export function notStored(host: RegistryHost): HelperError {
  const problem = isNameShown(host) ? `no credential is stored for ${host.name}` : 'invalid host';
  return new HelperError('invalid-input', problem, {
    hint: 'run docker-credential-icr status to list the hosts',
  });
}

/** Returns the error of interactive commands for a host without a credential. `alternative` is added to the hint. */
export function noCredential(host: string, alternative = ''): HelperError {
  return new HelperError('not-found', `no credential for ${host}`, {
    hint: `run docker-credential-icr login${alternative}`,
  });
}

/** Returns false if the name could be an API key, which never contains a dot. */
function isNameShown({ name }: RegistryHost): boolean {
  return name.includes('.');
}

/** Returns the key of the host in the mappings: `host`, or `host/namespace`. */
export function mappingKey({ name, namespace }: RegistryHost): string {
  return namespace === undefined ? name : `${name}/${namespace}`;
}
