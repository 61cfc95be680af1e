import fs from 'node:fs';
import path from 'node:path';
import type { Location } from './location.ts';
import { root, type Stamp } from './stamp.ts';

/** Returns install.sh for a release, with its version, its address and the keys that sign it. */
export function stampInstaller(
  { version }: Stamp,
  { baseUrl }: Location,
  env: NodeJS.ProcessEnv = process.env,
): string {
  const values = {
    release_version: version,
    release_base_url: baseUrl,
    release_minisign_key: env.MINISIGN_PUBLIC_KEY ?? '',
    release_cosign_identity: env.COSIGN_IDENTITY ?? '',
  };
  let text = fs.readFileSync(path.join(root, 'install.sh'), 'utf8');
  for (const [name, value] of Object.entries(values)) {
    if (!/^[\w.:/@+=-]*$/.test(value))
      throw new Error(`value contains characters that are not safe in a script: ${value}`);
    const line = `${name}=''\n`;
    if (!text.includes(line)) throw new Error(`install.sh has no line ${line}`);
    text = text.replace(line, () => `${name}='${value}'\n`);
  }
  return text;
}
