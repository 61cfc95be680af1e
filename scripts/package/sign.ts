import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/** A signing tool, and the conditions under which it is used. */
interface Signer {
  readonly name: string;
  readonly program: string;
  readonly isWanted: (env: NodeJS.ProcessEnv) => boolean;
  /** The signature of `file` is `file` + `suffix`. */
  readonly suffix: string;
  readonly words: (file: string, env: NodeJS.ProcessEnv) => readonly string[];
}

/** SHA256SUMS covers all other files. */
const signers: readonly Signer[] = [
  {
    name: 'minisign, with the key in MINISIGN_SECRET_KEY_FILE',
    program: 'minisign',
    isWanted: ({ MINISIGN_SECRET_KEY_FILE }) => Boolean(MINISIGN_SECRET_KEY_FILE),
    suffix: '.minisig',
    words: (file, { MINISIGN_SECRET_KEY_FILE: key = '' }) => ['-S', '-s', key, '-m', file],
  },
  {
    name: 'cosign, with the OIDC identity of the GitHub workflow',
    program: 'cosign',
    isWanted: ({ ACTIONS_ID_TOKEN_REQUEST_URL }) => Boolean(ACTIONS_ID_TOKEN_REQUEST_URL),
    suffix: '.sigstore.json',
    words: (file) => ['sign-blob', '--yes', '--bundle', `${file}.sigstore.json`, file],
  },
];

/**
 * Signs files in `folder` with each tool that has a key or an identity; returns the names of the signatures. Throws if
 * such a tool fails. Without a key or an identity, nothing is signed.
 */
export function sign(folder: string, names: readonly string[], env = process.env): string[] {
  const made: string[] = [];
  for (const signer of signers.filter(({ isWanted }) => isWanted(env))) {
    if (spawnSync(signer.program, ['version']).error !== undefined) {
      throw new Error(`cannot sign by ${signer.name}: ${signer.program} is not installed`);
    }
    for (const name of names) {
      const file = path.join(folder, name);
      fs.rmSync(file + signer.suffix, { force: true });
      execFileSync(signer.program, signer.words(file, env), { env, stdio: 'inherit' });
      made.push(name + signer.suffix);
    }
  }
  return made;
}

/** The names of the supported tools, for a message. */
export const signerNames = signers.map(({ name }) => name);
