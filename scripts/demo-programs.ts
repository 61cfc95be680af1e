import fs from 'node:fs';
import path from 'node:path';
import { type Outcome, type RunOptions, run } from '../test/e2e/clients/run.ts';
import { DemoError, mask, say } from './demo-output.ts';

const helper = 'docker-credential-icr';

type Env = RunOptions['env'];

const interruption = new AbortController();

/** Kills running programs at once, so that they leave no files behind. */
export function killPrograms(): void {
  interruption.abort();
}

export interface DockerCredential {
  readonly username: string;
  readonly secret: string;
}

/** Runs one of the interactive commands, and prints the command line and its output. `input` is a secret. */
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
 * Gets a credential as Docker does (docker/cli, cli/config): `credHelpers` contains the name of the helper for the
 * host; `docker-credential-NAME get` is found on `PATH` and reads the host from standard input.
 */
export async function dockerCredential(env: Env, host: string): Promise<DockerCredential> {
  const file = path.join(env.DOCKER_CONFIG ?? '', 'config.json');
  const name: unknown = JSON.parse(fs.readFileSync(file, 'utf8')).credHelpers?.[host];
  if (typeof name !== 'string') throw new DemoError(`${file} has no helper for ${host}`);
  say(`config.json contains "credHelpers": { "${host}": "${name}" }`);
  say(`$ echo ${host} | docker-credential-${name} get`);
  const begin = performance.now();
  const { code, stdout } = await start([`docker-credential-${name}`, 'get'], env, host);
  const milliseconds = Math.round(performance.now() - begin);
  // The protocol's errors are on standard output.
  if (code !== 0) throw new DemoError(stdout.trim());
  const answer = JSON.parse(stdout);
  const { Username: username, Secret: secret } = answer;
  say(`${JSON.stringify({ ...answer, Secret: mask(secret) })} after ${milliseconds} ms`);
  return { username, secret };
}

/** Uses the home directory as the current directory: the files in the caller's directory must have no effect. */
function start(words: readonly string[], env: Env, input = ''): Promise<Outcome> {
  return run(words, { env, cwd: env.HOME ?? '/', input, signal: interruption.signal });
}
