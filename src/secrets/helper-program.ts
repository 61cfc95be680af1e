import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { findProgram } from '../files/executables.ts';
import { realPath } from '../files/file-facts.ts';
import { isCalledByItself } from '../process-tree.ts';
import { isOwnName } from '../program-name.ts';
import { secretVariables } from '../secret-variables.ts';
import { shownName } from '../visible.ts';

/** Set in the environment of every helper that is called, to detect a credential helper loop. */
const loopVariable = 'DOCKER_CREDENTIAL_ICR_CALLS';

/**
 * Returns the path of `docker-credential-NAME`. Throws `misconfigured` if the name is invalid, if it is not on the `PATH`,
 * or if it is part of a credential helper loop.
 */
export function requireHelper(context: Context, name: string): string {
  if (!/^[a-z0-9][a-z0-9._-]*$/i.test(name)) {
    throw new HelperError('misconfigured', 'invalid name of a credential helper', {
      hint: 'use a name like pass or osxkeychain',
    });
  }
  const program = findHelper(context, name);
  if (program === undefined) {
    const message = `docker-credential-${shownName(name)} is not on the PATH`;
    throw new HelperError('misconfigured', message, {
      hint: 'install it, or run docker-credential-icr store move to use another credential store',
    });
  }
  const isCopy = context.platform === 'win32' && isOwnName(name);
  if (isCopy || isThisProgram(context, program) || isInLoop(context)) {
    throw helperLoop(name);
  }
  return program;
}

/** The error for a helper that calls this program, directly or through other helpers. */
export function helperLoop(name: string): HelperError {
  return new HelperError(
    'misconfigured',
    `credential helper loop: docker-credential-${name} calls docker-credential-icr`,
    { hint: 'use another credential helper' },
  );
}

/**
 * Returns true if this process was started by a helper that this program has called. Checks the parent processes as well,
 * because a wrapper may have removed the variable from the environment.
 */
function isInLoop({ env, script }: Context): boolean {
  return env[loopVariable] !== undefined || isCalledByItself(script);
}

/** Returns undefined if the helper is not on the `PATH`. */
export function findHelper(context: Context, name: string): string | undefined {
  return findProgram(context, `docker-credential-${name}`);
}

/** Returns true if the file is the program that runs, or a symlink to it. */
export function isThisProgram({ executable, script }: Context, file: string): boolean {
  // Undefined while the file is being replaced; the variable still stops a loop.
  const real = realPath(file);
  if (executable === undefined || real === undefined) return false;
  return real === realPath(executable()) || (script !== undefined && real === realPath(script));
}

export function environmentFor(context: Context, name: string): Record<string, string> {
  return { ...withoutSecrets(context), [loopVariable]: name };
}

/** Shorter values occur in other variables by chance. */
const minSecretLength = 8;

/**
 * Returns the environment without the variables that contain a secret, and without all others that contain the value of
 * one (`MY_KEY="$IBMCLOUD_API_KEY"`): for programs that do not need these secrets.
 */
export function withoutSecrets({ env }: Context): Record<string, string> {
  const entries = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  // On Windows, names of variables are case-insensitive.
  const isSecret = (name: string) => secretVariables.includes(name.toUpperCase());
  const secrets = entries
    .filter(([name, value]) => isSecret(name) && value.trim().length >= minSecretLength)
    .map(([, value]) => value.trim());
  return Object.fromEntries(
    entries.filter(
      ([name, value]) => !isSecret(name) && !secrets.some((secret) => value.includes(secret)),
    ),
  );
}
