import { HelperError, protocolErrors } from '../errors.ts';
import { isObject } from '../json-object.ts';
import { isIbmHost } from '../registry/match.ts';
import type { RegistryHost } from '../registry/parse.ts';
import type { Credential } from '../secrets/store-types.ts';
import { hasControlCharacter } from '../visible.ts';
import { invalid, requireHost } from './input.ts';

/**
 * The input of `store`: a JSON object with three texts; other members are ignored, as Docker does. The credential of
 * another registry may be any valid Unicode text: keys of Google Cloud are JSON of several lines. Nothing that IBM
 * accepts contains a control character.
 */
export function parseCredentialInput(text: string): { credential: Credential; host: RegistryHost } {
  if (text.trim() === '') throw new HelperError('invalid-input', protocolErrors.missingServerURL);
  const { ServerURL = '', Username = '', Secret = '' } = parseObject(text);
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

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message is not used, because it quotes the input, which contains a secret.
    throw invalid('the input is not JSON');
  }
  if (isObject(value)) return value;
  throw invalid('the input is not a JSON object');
}
