// GitHub's interface to an action, without a package: variables, workflow commands and files.
// https://docs.github.com/actions/reference/workflow-commands
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';

const { env } = process;

/** Returns an input without surrounding whitespace; '' if it is not set. */
export function input(name) {
  return (env[`INPUT_${name.toUpperCase()}`] ?? '').trim();
}

/** Hides a value in the log of all following output of the job. */
export function mask(value) {
  command('add-mask', value);
}

/** Marks the step as failed, and shows the message at the run. */
export function fail(message) {
  command('error', message);
  process.exitCode = 1;
}

function command(name, value) {
  const escaped = value.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  process.stdout.write(`::${name}::${escaped}\n`);
}

/** Sets an environment variable for the following steps and for this process. */
export function exportVariable(name, value) {
  env[name] = value;
  append('GITHUB_ENV', name, value);
}

export function setOutput(name, value) {
  append('GITHUB_OUTPUT', name, value);
}

/** Saves a value for the post step. */
export function saveState(name, value) {
  append('GITHUB_STATE', name, value);
}

export function state(name) {
  return env[`STATE_${name}`] ?? '';
}

/** Puts a directory first on PATH for the following steps. */
export function addPath(folder) {
  fs.appendFileSync(required('GITHUB_PATH'), `${folder}\n`);
}

/** The random delimiter keeps a value with line breaks from setting other variables. */
function append(file, name, value) {
  const delimiter = `end-${crypto.randomUUID()}`;
  fs.appendFileSync(required(file), `${name}<<${delimiter}\n${value}\n${delimiter}\n`);
}

/** Returns a variable that every runner sets. */
export function required(name) {
  const value = env[name];
  if (!value) throw new Error(`${name} is not set: this program runs as a step of GitHub Actions`);
  return value;
}

/** Docker's configuration directory before this action. */
export function dockerFolder() {
  return path.resolve(env.DOCKER_CONFIG || path.join(os.homedir(), '.docker'));
}
