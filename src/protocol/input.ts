import { HelperError, protocolErrors } from '../errors.ts';
import { parseServerURL, type RegistryHost } from '../registry/parse.ts';

/** Parses the input of `get` and `erase`: a ServerURL; surrounding white space is ignored. */
export function parseHostInput(text: string): { serverURL: string; host: RegistryHost } {
  const serverURL = text.trim();
  return { serverURL, host: requireHost(serverURL) };
}

export function requireHost(serverURL: string): RegistryHost {
  if (serverURL === '') throw new HelperError('invalid-input', protocolErrors.missingServerURL);
  const host = parseServerURL(serverURL);
  if ('problem' in host) throw invalid(`invalid ServerURL: ${host.problem}`);
  return host;
}

export function invalid(message: string): HelperError {
  return new HelperError('invalid-input', message);
}
