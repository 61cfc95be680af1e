import { HelperError } from '../errors.ts';
import { isIbmHost } from '../registry/match.ts';
import { parseServerURL, type RegistryHost } from '../registry/parse.ts';

/** A host that a person typed. Throws `invalid-input` for one that is not IBM's. */
export function requireIbmHost(text: string): RegistryHost {
  const host = requireHost(text);
  if (isIbmHost(host)) return host;
  throw invalid(`${named(host)} is not a host of IBM Cloud Container Registry; they end in icr.io`);
}

/** Any registry's. Throws `invalid-input`. */
export function requireHost(text: string): RegistryHost {
  const host = parseServerURL(text);
  // What was typed is not repeated unless it is a host for sure: it may be a key in the wrong place.
  if ('problem' in host)
    throw invalid(`a word that was typed is no registry host: ${host.problem}`);
  return host;
}

/** `invalid-input`: there is nothing to forget. */
export function nothingKept(host: RegistryHost): HelperError {
  const what = `${named(host)} is not a host of IBM Cloud Container Registry`;
  return invalid(`${what}, and nothing is kept here for it; see docker-credential-icr status`);
}

function named({ name }: RegistryHost): string {
  return name.includes('.') ? name : 'a word that was typed';
}

/** How the settings name it: `host`, or `host/namespace`. */
export function mappingKey({ name, namespace }: RegistryHost): string {
  return namespace === undefined ? name : `${name}/${namespace}`;
}

function invalid(message: string): HelperError {
  return new HelperError('invalid-input', message);
}
