import { parseServerURL, type RegistryHost } from '../../src/registry/parse.ts';

/** Parses a ServerURL that is valid. */
export function hostOf(text: string): RegistryHost {
  const parsed = parseServerURL(text);
  if ('problem' in parsed) throw new Error(`${text}: ${parsed.problem}`);
  return parsed;
}
