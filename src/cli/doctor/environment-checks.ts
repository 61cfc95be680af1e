import fs from 'node:fs';
import path from 'node:path';
import { ibmHostOf } from '../../clients/cred-helpers.ts';
import { printable, shellQuoted } from '../../clients/notes.ts';
import { podmanPrograms } from '../../clients/readers.ts';
import { findProgram } from '../../files/executables.ts';
import { isObject, parseObject } from '../../json-object.ts';
import {
  type Check,
  type CheckInput,
  type Finding,
  ok,
  problem,
  skipped,
  warning,
} from './check.ts';
import { isWritable, statOf } from './machine.ts';

/** Sets `HOME` from the password database. */
const resetHome = 'run export HOME="$(eval echo "~$(id -un)")"';

const home: Check = {
  name: 'home',
  run: ({ context, machine: { uid } }) => {
    const name = context.platform === 'win32' ? 'USERPROFILE' : 'HOME';
    const directory = context.env[name];
    if (!directory) return problem(`${name} is not set`, resetHome);
    const stat = statOf(directory);
    if (stat === undefined)
      return problem(`${directory} does not exist`, `run mkdir -p ${shellQuoted(directory)}`);
    if (!stat.isDirectory())
      return problem(`${name} is ${directory}, which is not a directory`, resetHome);
    if (uid !== undefined && stat.uid !== uid) {
      const by = context.env.SUDO_USER === undefined ? '' : ` (sudo by ${context.env.SUDO_USER})`;
      return warning(
        `you are user ${uid}${by}, but user ${stat.uid} owns HOME (${directory})`,
        resetHome,
      );
    }
    if (isWritable(directory)) {
      const source = ' (HOME is not set; from the password database)';
      return ok(context.isHomeFallback ? directory + source : directory);
    }
    return warning(
      `${directory} is read-only: nothing can be stored`,
      `run chmod u+w ${shellQuoted(directory)}`,
    );
  },
};

const sudo: Check = {
  name: 'sudo',
  run: ({ context, machine, snapshot }) => {
    const { SUDO_USER: user } = context.env;
    if (!user || user === 'root' || machine.uid !== 0) return [];
    const what = `you are root through sudo: credentials and client files of ${user} are not used`;
    return snapshot.answers.length > 0
      ? ok(what)
      : problem(what, 'run docker-credential-icr login');
  },
};

/** Rootless podman stores its logins in this directory. */
const runtimeDirectory: Check = {
  name: 'XDG_RUNTIME_DIR',
  run: ({ context, machine: { uid } }) => {
    const hasPodman = podmanPrograms.some((program) => findProgram(context, program) !== undefined);
    if (context.platform !== 'linux' || !hasPodman) return [];
    const directory = context.env.XDG_RUNTIME_DIR;
    const usual = `/run/user/${uid}`;
    const isUsable = usual !== directory && statOf(usual)?.uid === uid;
    const other = isUsable ? usual : '"$(mktemp -d)"';
    const hint = uid === 0 ? 'run unset XDG_RUNTIME_DIR' : `run export XDG_RUNTIME_DIR=${other}`;
    if (!directory) {
      if (uid === 0) return skipped('not set; root does not need it');
      return warning('not set: rootless podman loses logins, or cannot store them', hint);
    }
    const stat = statOf(directory);
    if (stat === undefined) return warning(`${directory} does not exist`, hint);
    if (!stat.isDirectory()) return warning(`${directory} is not a directory`, hint);
    if (stat.uid !== uid)
      return warning(`user ${stat.uid} owns ${directory}, not you (${uid})`, hint);
    return isWritable(directory) ? ok(directory) : warning(`${directory} is read-only`, hint);
  },
};

/** Checks variables that change the files from which clients read credentials. */
const variables: Check = {
  name: 'variables',
  run: (input) => {
    const findings = [
      ...dockerConfig(input),
      ...dockerAuth(input),
      ...authFile(input),
      ...['XDG_CONFIG_HOME', 'XDG_CACHE_HOME'].flatMap((name) => baseDirectory(input, name)),
    ];
    return findings.length > 0 ? findings : ok('none that changes where clients read credentials');
  },
};

function dockerConfig({ context: { env } }: CheckInput): Finding[] {
  const directory = env.DOCKER_CONFIG;
  if (!directory) return [];
  const set = (place: string) => `run export DOCKER_CONFIG=${shellQuoted(place)}`;
  if (directory.startsWith('~')) {
    const meant = path.join(env.HOME ?? '', directory.slice(1));
    return [problem(`DOCKER_CONFIG is ${directory}: clients do not expand ~`, set(meant))];
  }
  if (!path.isAbsolute(directory)) {
    const what = `DOCKER_CONFIG is ${directory}: a relative path depends on the current directory`;
    return [warning(what, set(path.resolve(directory)))];
  }
  const stat = statOf(directory);
  if (stat === undefined || stat.isDirectory()) return [];
  const isConfig = path.basename(directory) === 'config.json';
  const hint = isConfig ? set(path.dirname(directory)) : 'run unset DOCKER_CONFIG';
  return [problem(`DOCKER_CONFIG is ${directory}, which is not a directory`, hint)];
}

/** Docker 28.3 and later read `auths` from this variable, and nothing else; GitLab Runner also reads the rest. */
function dockerAuth({ context: { env } }: CheckInput): Finding[] {
  const { DOCKER_AUTH_CONFIG: text } = env;
  if (!text) return [];
  const unset = (what: string) => [
    warning(`DOCKER_AUTH_CONFIG is set${what}`, 'run unset DOCKER_AUTH_CONFIG'),
  ];
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
  return [ok('DOCKER_AUTH_CONFIG is set, for other registries only')];
}

function authFile({ context: { env } }: CheckInput): Finding[] {
  const file = env.REGISTRY_AUTH_FILE;
  if (!file) return [];
  const unset = (why: string) => [
    problem(`REGISTRY_AUTH_FILE is ${file}${why}`, 'run unset REGISTRY_AUTH_FILE'),
  ];
  if (!path.isAbsolute(file)) return unset(': a relative path depends on the current directory');
  const stat = statOf(file);
  return stat === undefined || stat.isFile() ? [] : unset(', which is not a regular file');
}

function baseDirectory({ context: { env } }: CheckInput, name: string): Finding[] {
  const directory = env[name];
  if (!directory || !path.isAbsolute(directory) || statOf(directory)?.isDirectory() !== false)
    return [];
  return [problem(`${name} is ${directory}, which is not a directory`, `run unset ${name}`)];
}

/** Reports facts about the system that can explain unexpected behaviour. */
const system: Check = {
  name: 'system',
  run: ({ context, machine }) => {
    const isWsl = machine.kernel.toLowerCase().includes('microsoft');
    const wsl = 'WSL: Docker Desktop and Windows have client files of their own';
    const mapped = `user namespace: user ${machine.uid} has another ID outside`;
    return [
      ...(isWsl ? [ok(wsl)] : []),
      ...(machine.inUserNamespace && context.platform === 'linux' ? [ok(mapped)] : []),
    ];
  },
};

/** Checks the variables for this helper's own directories: an invalid one makes every command fail. */
const ownDirectories: Check = {
  name: 'directories',
  run: ({ context: { env } }) => {
    const names = ['DOCKER_CREDENTIAL_ICR_CONFIG_DIR', 'DOCKER_CREDENTIAL_ICR_CACHE_DIR'];
    return names.flatMap((name) => {
      const directory = env[name];
      if (!directory) return [];
      const unset = (why: string) => [
        problem(`${name} is ${directory}, ${why}`, `run unset ${name}`),
      ];
      if (!path.isAbsolute(directory)) return unset('which is not an absolute path');
      return fs.existsSync(directory) && statOf(directory)?.isDirectory() === false
        ? unset('which is not a directory')
        : [];
    });
  },
};

export const environmentChecks: readonly Check[] = [
  home,
  sudo,
  runtimeDirectory,
  variables,
  ownDirectories,
  system,
];
