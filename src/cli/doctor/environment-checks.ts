import fs from 'node:fs';
import path from 'node:path';
import { ibmHostOf } from '../../clients/cred-helpers.ts';
import { printable } from '../../clients/notes.ts';
import { podmanPrograms } from '../../clients/readers.ts';
import { hasProgram } from '../../files/executables.ts';
import { isAccessible, statOf } from '../../files/file-facts.ts';
import { isObject, parseObject } from '../../json-object.ts';
import { shellQuoted } from '../../visible.ts';
import {
  type Check,
  type CheckInput,
  type Finding,
  ok,
  orElse,
  problem,
  skipped,
  warning,
} from './check.ts';
import { isWsl } from './machine.ts';
import { invalidVariable, valueProblem } from './path-problem.ts';

/** Sets `HOME` from the password database. */
const resetHome = 'run export HOME="$(eval echo "~$(id -un)")"';

const home: Check = {
  name: 'home',
  run: (input) => {
    const { env, platform, isHomeFallback } = input.context;
    const { uid } = input.machine;
    const name = platform === 'win32' ? 'USERPROFILE' : 'HOME';
    const directory = env[name];
    if (!directory) return problem(`${name} is not set`, resetHome);
    const owner = statOf(directory)?.uid;
    if (uid !== undefined && owner !== undefined && owner !== uid) {
      const by = env.SUDO_USER === undefined ? '' : ` (sudo by ${env.SUDO_USER})`;
      const what = `you are user ${uid}${by}, but user ${owner} owns HOME (${directory})`;
      return warning(what, resetHome);
    }
    const invalid = valueProblem(input, directory, 'directory');
    if (invalid !== undefined) return problem(`${name} is ${directory}, ${invalid}`, resetHome);
    if (owner === undefined)
      return problem(`${directory} does not exist`, `run mkdir -p ${shellQuoted(directory)}`);
    return isAccessible(directory, fs.constants.W_OK)
      ? ok(directory + (isHomeFallback ? fromDatabase : ''))
      : readOnlyHome(input, directory);
  },
};

const fromDatabase = ' (HOME is not set; from the password database)';

function readOnlyHome({ context }: CheckInput, directory: string): Finding {
  const own = context.env.DOCKER_CREDENTIAL_ICR_CONFIG_DIR;
  if (own && isAccessible(own, fs.constants.W_OK)) {
    return ok(`${directory} is read-only; credentials are stored in ${own}`);
  }
  const what = `${directory} is read-only: nothing can be stored`;
  const isOpenable = ((statOf(directory)?.mode ?? 0) & 0o200) === 0;
  if (isOpenable) return warning(what, `run chmod u+w ${shellQuoted(directory)}`);
  // A read-only file system, or root without its capabilities: changing the mode would not help.
  const hint = 'set DOCKER_CREDENTIAL_ICR_CONFIG_DIR to a writable directory, and log in again';
  return warning(what, hint);
}

const sudo: Check = {
  name: 'sudo',
  run: ({ context, machine, snapshot }) => {
    const { SUDO_USER: user } = context.env;
    if (!user || user === 'root' || machine.uid !== 0) return undefined;
    const what = `you are root through sudo: credentials and client files of ${user} are not used`;
    return snapshot.answers.length > 0
      ? ok(what)
      : problem(what, 'run docker-credential-icr login');
  },
};

/** Rootless podman stores its logins in this directory. */
const runtimeDirectory: Check = {
  name: 'XDG_RUNTIME_DIR',
  run: (input) => {
    const { context, machine } = input;
    const { uid } = machine;
    const hasPodman = hasProgram(context, ...podmanPrograms);
    if (context.platform !== 'linux' || !hasPodman) return undefined;
    const directory = context.env.XDG_RUNTIME_DIR;
    const usual = `/run/user/${uid}`;
    const isUsable = usual !== directory && statOf(usual)?.uid === uid;
    const other = isUsable ? usual : '"$(mktemp -d)"';
    const hint = uid === 0 ? 'run unset XDG_RUNTIME_DIR' : `run export XDG_RUNTIME_DIR=${other}`;
    if (!directory) {
      if (uid === 0) return skipped('not set; root does not need it');
      return warning('not set: rootless podman loses logins, or cannot store them', hint);
    }
    const owner = statOf(directory)?.uid;
    if (owner !== undefined && owner !== uid)
      return warning(`user ${owner} owns ${directory}, not you (${uid})`, hint);
    const invalid = valueProblem(input, directory, 'directory');
    if (invalid !== undefined) return warning(`XDG_RUNTIME_DIR is ${directory}, ${invalid}`, hint);
    if (owner === undefined) return warning(`${directory} does not exist`, hint);
    const isWritable = isAccessible(directory, fs.constants.W_OK);
    return isWritable ? ok(directory) : warning(`${directory} is read-only`, hint);
  },
};

/** A variable with a path. `relative` is what is wrong with a relative one; without it, programs ignore a relative path. */
interface PathVariable {
  readonly name: string;
  readonly type: 'file' | 'directory';
  readonly relative?: string;
}

const dependent = 'a relative path, which depends on the current directory';
const clientVariables: readonly PathVariable[] = [
  { name: 'REGISTRY_AUTH_FILE', type: 'file', relative: dependent },
  { name: 'CONTAINERS_REGISTRIES_CONF', type: 'file', relative: dependent },
  { name: 'BUILDX_CONFIG', type: 'directory' },
  { name: 'XDG_CONFIG_HOME', type: 'directory' },
  { name: 'XDG_CACHE_HOME', type: 'directory' },
];

const notAbsolute = 'which is not an absolute path';
const ownVariables: readonly PathVariable[] = [
  { name: 'DOCKER_CREDENTIAL_ICR_CONFIG_DIR', type: 'directory', relative: notAbsolute },
  { name: 'DOCKER_CREDENTIAL_ICR_CACHE_DIR', type: 'directory', relative: notAbsolute },
];

function checkPath(input: CheckInput, { name, type, relative }: PathVariable) {
  const value = input.context.env[name];
  if (!value) return undefined;
  const why = path.isAbsolute(value) ? valueProblem(input, value, type) : relative;
  return why === undefined ? undefined : invalidVariable(name, value, why);
}

/** Checks variables that change the files from which clients read credentials. */
const variables: Check = {
  name: 'variables',
  run: (input) => {
    const paths = clientVariables.map((each) => checkPath(input, each));
    const none = ok('none that changes where clients read credentials');
    return orElse([dockerConfig(input), dockerAuth(input), paths], none);
  },
};

function dockerConfig(input: CheckInput): Finding | undefined {
  const { env } = input.context;
  const directory = env.DOCKER_CONFIG;
  if (!directory) return undefined;
  const set = (place: string) => `run export DOCKER_CONFIG=${shellQuoted(place)}`;
  if (directory.startsWith('~')) {
    const meant = path.join(env.HOME ?? '', directory.slice(1));
    return problem(`DOCKER_CONFIG is ${directory}: clients do not expand ~`, set(meant));
  }
  if (!path.isAbsolute(directory)) {
    const what = `DOCKER_CONFIG is ${directory}: a relative path depends on the current directory`;
    return warning(what, set(path.resolve(directory)));
  }
  const isFile = path.basename(directory) === 'config.json' && !statOf(directory)?.isDirectory();
  const invalid = valueProblem(input, directory, 'directory');
  if (isFile) {
    const why = invalid ?? 'which is the name of the file in it';
    return problem(`DOCKER_CONFIG is ${directory}, ${why}`, set(path.dirname(directory)));
  }
  return invalid === undefined ? undefined : invalidVariable('DOCKER_CONFIG', directory, invalid);
}

/** Docker 28.3 and later read `auths` from this variable, and nothing else; GitLab Runner also reads the rest. */
function dockerAuth({ context: { env } }: CheckInput): Finding | undefined {
  const { DOCKER_AUTH_CONFIG: text } = env;
  if (!text) return undefined;
  const unset = (what: string) =>
    warning(`DOCKER_AUTH_CONFIG is set${what}`, 'run unset DOCKER_AUTH_CONFIG');
  const config = parseObject(text);
  if (config === undefined) return unset(', and is not JSON: docker prints an error');
  const others = Object.keys(config).filter((name) => name !== 'auths');
  if (others.length > 0) {
    const names = others.map(printable).join(', ');
    return unset(`, with ${names}: docker 28.3 and later accept only auths, and print an error`);
  }
  const auths = isObject(config.auths) ? Object.keys(config.auths) : [];
  if (auths.some((key) => ibmHostOf(key) !== undefined)) {
    return unset(', and has precedence over credential helpers for ICR hosts');
  }
  return ok('DOCKER_AUTH_CONFIG is set, for other registries only');
}

/** Reports facts about the system that can explain unexpected behaviour. */
const system: Check = {
  name: 'system',
  run: ({ context, machine }) => {
    const wsl = 'WSL: Docker Desktop and Windows have client files of their own';
    const mapped = `user namespace: user ${machine.uid} has another ID outside`;
    return [
      isWsl(machine) ? ok(wsl) : undefined,
      machine.inUserNamespace && context.platform === 'linux' ? ok(mapped) : undefined,
    ];
  },
};

/** Checks the variables for this helper's own directories: an invalid one makes every command fail. */
const ownDirectories: Check = {
  name: 'directories',
  run: (input) => ownVariables.map((each) => checkPath(input, each)),
};

export const environmentChecks: readonly Check[] = [
  home,
  sudo,
  runtimeDirectory,
  variables,
  ownDirectories,
  system,
];
