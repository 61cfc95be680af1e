import fs from 'node:fs';
import path from 'node:path';
import { type Outcome, type RunOptions, run } from '../test/e2e/clients/run.ts';
import { DemoError, mask, say } from './demo-output.ts';

const helper = 'docker-credential-icr';

type Env = RunOptions['env'];

const interruption = new AbortController();

/** Ends at once what runs, so that it leaves nothing behind. */
export function killPrograms(): void {
  interruption.abort();
}

export interface DockerCredential {
  readonly username: string;
  readonly secret: string;
}

/** Runs one of people's commands, and shows what was typed and what it said. `input` is a secret. */
export async function runHelper(
  words: readonly string[],
  { env, input }: { readonly env: Env; readonly input?: string },
): Promise<void> {
  const piped = input === undefined ? '' : `echo ${mask(input)} | `;
  say(`$ ${piped}${[helper, ...words].join(' ')}`);
  const { code, stdout, stderr } = await start([helper, ...words], env, input);
  if (code !== 0) throw new DemoError(stderr.trim());
  say(stdout + stderr);
}

/**
 * As Docker finds a password (docker/cli, cli/config): `credHelpers` says which helper knows the host;
 * `docker-credential-NAME get` is found on `PATH` and reads the host on its standard input.
 */
export async function dockerCredential(env: Env, host: string): Promise<DockerCredential> {
  const file = path.join(env.DOCKER_CONFIG ?? '', 'config.json');
  const name: unknown = JSON.parse(fs.readFileSync(file, 'utf8')).credHelpers?.[host];
  if (typeof name !== 'string') throw new DemoError(`${file} names no helper for ${host}`);
  say(`config.json says: "credHelpers": { "${host}": "${name}" }`);
  say(`$ echo ${host} | docker-credential-${name} get`);
  const begin = performance.now();
  const { code, stdout } = await start([`docker-credential-${name}`, 'get'], env, host);
  const milliseconds = Math.round(performance.now() - begin);
  // Docker takes the error from standard output.
  if (code !== 0) throw new DemoError(stdout.trim());
  const answer = JSON.parse(stdout);
  const { Username: username, Secret: secret } = answer;
  say(`${JSON.stringify({ ...answer, Secret: mask(secret) })} after ${milliseconds} ms`);
  return { username, secret };
}

/** Not in the folder that the demo was started in: what lies there must not matter. */
function start(words: readonly string[], env: Env, input = ''): Promise<Outcome> {
  return run(words, { env, cwd: env.HOME ?? '/', input, signal: interruption.signal });
}
