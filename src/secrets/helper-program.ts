import fs from 'node:fs';
import path from 'node:path';
import { isCalledByItself } from '../callers.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { isExecutable, pathFolders } from '../files/executables.ts';
import { secretVariables } from '../secret-variables.ts';

/** Set for every helper we call, so that one that calls us is found out. */
const callMark = 'DOCKER_CREDENTIAL_ICR_CALLS';

/** The program of that helper on the `PATH`. Throws `misconfigured`, also where it is this program in the end. */
export function requireHelper(context: Context, name: string): string {
  if (!/^[a-z0-9][a-z0-9._-]*$/i.test(name)) {
    throw new HelperError(
      'misconfigured',
      'a credential helper has a name like pass or osxkeychain',
    );
  }
  const program = findHelper(context, name);
  if (program === undefined) {
    throw new HelperError('misconfigured', `docker-credential-${name} is not on the PATH`, {
      hint: 'install it, or run docker-credential-icr store move to use another credential store',
    });
  }
  if (isOurselves(context, program) || isCalled(context)) {
    throw loopThrough(name);
  }
  return program;
}

/** The error for a credential helper loop: that helper calls this program in the end. */
export function loopThrough(name: string): HelperError {
  return new HelperError(
    'misconfigured',
    `credential helper loop: docker-credential-${name} calls docker-credential-icr`,
    { hint: 'use another credential helper' },
  );
}

/** Whether a helper that we have called calls us. A wrapper may have taken the mark out of the environment. */
function isCalled({ env, script }: Context): boolean {
  return env[callMark] !== undefined || isCalledByItself(script);
}

/** `undefined` where the `PATH` has none. */
export function findHelper(context: Context, name: string): string | undefined {
  return findProgram(context, `docker-credential-${name}`);
}

export function findProgram(context: Context, name: string): string | undefined {
  const file = context.platform === 'win32' ? `${name}.exe` : name;
  return pathFolders(context)
    .map((folder) => path.join(folder, file))
    .find(isExecutable);
}

function isOurselves({ executable }: Context, program: string): boolean {
  if (executable === undefined) return false;
  try {
    return fs.realpathSync(program) === fs.realpathSync(executable());
  } catch {
    // Somebody has just replaced one of the two by a newer one; the mark stops what goes round.
    return false;
  }
}

/** The environment for the helper of that name. */
export function environmentFor(context: Context, name: string): Record<string, string> {
  return { ...withoutSecrets(context), [callMark]: name };
}

/** Characters; what is shorter is in other values by chance. */
const shortestSecret = 8;

/**
 * Returns our environment for a program that does not need the secrets in it: without the variables that hold one, and
 * without every other variable that repeats such a value (`MY_KEY="$IBMCLOUD_API_KEY"`).
 */
export function withoutSecrets({ env }: Context): Record<string, string> {
  const entries = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  // Windows does not distinguish upper and lower case.
  const isSecret = (name: string) => secretVariables.includes(name.toUpperCase());
  const secrets = entries
    .filter(([name, value]) => isSecret(name) && value.trim().length >= shortestSecret)
    .map(([, value]) => value.trim());
  return Object.fromEntries(
    entries.filter(
      ([name, value]) => !isSecret(name) && !secrets.some((secret) => value.includes(secret)),
    ),
  );
}
