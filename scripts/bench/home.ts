import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { SandboxProcess } from '../../test/sandbox/spawn.ts';
import { executable } from '../build.ts';

/** A home directory with a stored credential, and the environment of a client without the caller's variables. */
export interface Home {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

export const host = 'us.icr.io';
const key = 'canary-0123456789abcdefghijklmnopqrstuvwxyz0';

export function makeHome(parent: string, name: string): Home {
  const folder = path.join(parent, name);
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  return { folder, env: { HOME: folder, PATH: process.env.PATH ?? '' } };
}

/** Creates a home directory in the state after `docker login`. */
export function storedHome(parent: string, name = 'stored'): Home {
  const home = makeHome(parent, name);
  run(home, ['store'], JSON.stringify({ ServerURL: host, Username: 'iamapikey', Secret: key }));
  return home;
}

/** Creates a home directory in the state after `login`: with an identity that is mapped to all hosts. */
export function mappedHome(parent: string): Home {
  const home = makeHome(parent, 'mapped');
  run(home, ['login', '--no-verify', '--api-key-stdin'], key);
  return home;
}

/**
 * Creates a home directory with an identity that is presented as an access token, which the local IAM simulator mints.
 */
export async function bearerHome(
  parent: string,
  name: string,
  cloud: SandboxProcess,
): Promise<Home> {
  const { folder, env } = makeHome(parent, name);
  const reaching = { SSL_CERT_FILE: cloud.caFile, IBMCLOUD_IAM_API_ENDPOINT: cloud.iamUrl };
  const home = { folder, env: { ...env, ...reaching } };
  const { value } = await cloud.accounts.addApiKey({});
  run(home, ['login', '--no-verify', '--api-key-stdin', '--present', 'iambearer'], value);
  return home;
}

/** Creates the same with a cached access token. */
export async function cachedHome(parent: string, cloud: SandboxProcess): Promise<Home> {
  const home = await bearerHome(parent, 'cached', cloud);
  run(home, ['get'], host);
  return home;
}

function run({ env }: Home, args: readonly string[], input: string): void {
  execFileSync(executable, args, { env, input });
}
