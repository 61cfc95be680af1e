import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import { HelperError, sentences } from '../errors.ts';

/** What another credential helper answered. */
export interface HelperAnswer {
  /** Whether it exited with 0. */
  readonly ok: boolean;
  /** Its standard output, spaces around it dropped. */
  readonly text: string;
}

/** Milliseconds; a keychain that asks somebody for a password on some screen would wait for ever. */
const longestWait = 5000;
const largestAnswer = 8 * 1024 * 1024;
/** Set for every helper we call, so that one that calls us is found out. */
const callMark = 'DOCKER_CREDENTIAL_ICR_CALLS';
/** What a keychain has no need of. */
const secretVariables = [
  'DOCKER_CREDENTIAL_ICR_API_KEY',
  'IBMCLOUD_API_KEY',
  'BLUEMIX_API_KEY',
  'IC_API_KEY',
];

/**
 * Calls `docker-credential-NAME VERB`. Throws `misconfigured` where there is none, or where it is
 * this program in the end; `storage` where it does not answer in time.
 */
export function callHelper(
  context: Context,
  name: string,
  verb: 'get' | 'store' | 'erase' | 'list',
  input: string,
): HelperAnswer {
  const program = requireHelper(context, name);
  const { status, output, failure } = context.runSync(program, [verb], {
    input,
    env: { ...environmentOf(context), [callMark]: name },
    limit: longestWait,
    largest: largestAnswer,
  });
  if (failure === 'timeout') {
    throw new HelperError(
      'storage',
      `docker-credential-${name} did not answer within ${longestWait / 1000} s; is it locked? unlock it and try again`,
    );
  }
  if (failure !== undefined) {
    throw new HelperError('storage', `docker-credential-${name} cannot be run (${failure})`);
  }
  return { ok: status === 0, text: output.trim() };
}

/**
 * Whether `get` answered that there is none: in the sentence that docker-py looks for inside the text,
 * or with an empty credential, as docker-credential-pass 0.6 does.
 */
export function isNotFound({ ok, text }: HelperAnswer): boolean {
  return ok ? isEmptyCredential(text) : text.includes(sentences.notFound);
}

function isEmptyCredential(text: string): boolean {
  try {
    const { Username, Secret } = JSON.parse(text);
    return Username === '' && Secret === '';
  } catch {
    return false;
  }
}

/** Erases. Some helpers fail for what they do not have: that is what was wanted. */
export function eraseWith(context: Context, name: string, input: string): HelperAnswer {
  const answer = callHelper(context, name, 'erase', input);
  const isGone = !answer.ok && isNotFound(callHelper(context, name, 'get', input));
  return isGone ? { ok: true, text: '' } : answer;
}

/** The program of that name on the `PATH`. Throws `misconfigured`. */
export function requireHelper(context: Context, name: string): string {
  if (!/^[a-z0-9][a-z0-9._-]*$/i.test(name)) {
    throw new HelperError(
      'misconfigured',
      'a credential helper has a name like pass or osxkeychain',
    );
  }
  const program = findHelper(context, name);
  if (program === undefined) {
    throw new HelperError(
      'misconfigured',
      `docker-credential-${name} is not on the PATH; install it, or see docker-credential-icr store --help`,
    );
  }
  if (isOurselves(context, program) || context.env[callMark] !== undefined) {
    throw new HelperError(
      'misconfigured',
      `docker-credential-${name} leads back to docker-credential-icr; name another helper`,
    );
  }
  return program;
}

/** `undefined` where the `PATH` has none. */
export function findHelper({ env, platform }: Context, name: string): string | undefined {
  const file = `docker-credential-${name}${platform === 'win32' ? '.exe' : ''}`;
  for (const folder of (env.PATH ?? '').split(path.delimiter)) {
    const program = path.join(folder, file);
    // A relative folder would run whatever lies in the repository that is being built.
    if (path.isAbsolute(folder) && isExecutable(program)) return program;
  }
  return undefined;
}

function isExecutable(program: string): boolean {
  try {
    fs.accessSync(program, fs.constants.X_OK);
    return fs.statSync(program).isFile();
  } catch {
    return false;
  }
}

function isOurselves({ executable }: Context, program: string): boolean {
  return executable !== undefined && fs.realpathSync(program) === fs.realpathSync(executable);
}

/** The environment for a program that keeps secrets: without those of ours that it has no need of. */
export function environmentOf({ env }: Context): Record<string, string> {
  const child: Record<string, string> = {};
  for (const [variable, value] of Object.entries(env)) {
    if (value !== undefined && !secretVariables.includes(variable)) child[variable] = value;
  }
  return child;
}
