import { HelperError, sentences } from '../errors.ts';
import { parseServerURL, type RegistryHost } from '../registry/parse.ts';

/** The input of `get` and `erase`: a ServerURL alone, spaces and line ends around it dropped. */
export function parseHostInput(text: string): { serverURL: string; host: RegistryHost } {
  const serverURL = text.trim();
  return { serverURL, host: requireHost(serverURL) };
}

export function requireHost(serverURL: string): RegistryHost {
  if (serverURL === '') throw new HelperError('invalid-input', sentences.missingServerURL);
  const host = parseServerURL(serverURL);
  if ('problem' in host) throw invalid(`ServerURL is not usable: ${host.problem}`);
  return host;
}

export function invalid(message: string): HelperError {
  return new HelperError('invalid-input', `${message}; nothing was changed`);
}
