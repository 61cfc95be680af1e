import fs from 'node:fs';
import path from 'node:path';
import { ibmHostOf } from '../../clients/auth-host.ts';
import { shown, typed } from '../../clients/notes.ts';
import { podmanPrograms } from '../../clients/readers.ts';
import { findProgram } from '../../files/executables.ts';
import { isObject, parseObject } from '../../json-object.ts';
import { type Check, type Examined, type Finding, ok, problem, skipped, warning } from './check.ts';
import { isWritable, statOf } from './machine.ts';

/** From the password database, which knows the home directory even if `HOME` is wrong. */
const ownHome = 'run export HOME="$(eval echo "~$(id -un)")"';

const home: Check = {
  name: 'home',
  run: ({ context, machine: { uid } }) => {
    const name = context.platform === 'win32' ? 'USERPROFILE' : 'HOME';
    const folder = context.env[name];
    if (!folder) return problem(`${name} is not set`, ownHome);
    const stat = statOf(folder);
    if (stat === undefined)
      return problem(`${folder} does not exist`, `run mkdir -p ${typed(folder)}`);
    if (!stat.isDirectory())
      return problem(`${name} is ${folder}, which is not a directory`, ownHome);
    if (uid !== undefined && stat.uid !== uid) {
      const by = context.env.SUDO_USER === undefined ? '' : ` (sudo by ${context.env.SUDO_USER})`;
      return warning(
        `you are user ${uid}${by}, but user ${stat.uid} owns HOME (${folder})`,
        ownHome,
      );
    }
    if (isWritable(folder)) {
      return ok(
        context.isHomeFallback ? `${folder} (HOME is not set; from the password database)` : folder,
      );
    }
    return warning(
      `${folder} is read-only: nothing can be stored`,
      `run chmod u+w ${typed(folder)}`,
    );
  },
};

const sudo: Check = {
  name: 'sudo',
  run: ({ context, machine, look }) => {
    const { SUDO_USER: user } = context.env;
    if (!user || user === 'root' || machine.uid !== 0) return [];
    const what = `you are root through sudo: credentials and client files of ${user} are not used`;
    return look.answers.length > 0 ? ok(what) : problem(what, 'run docker-credential-icr login');
  },
};

/** Rootless podman stores logins of the session there. */
const runtimeDirectory: Check = {
  name: 'XDG_RUNTIME_DIR',
  run: ({ context, machine: { uid } }) => {
    const hasPodman = podmanPrograms.some((program) => findProgram(context, program) !== undefined);
    if (context.platform !== 'linux' || !hasPodman) return [];
    const folder = context.env.XDG_RUNTIME_DIR;
    const usual = `/run/user/${uid}`;
    const isUsable = usual !== folder && statOf(usual)?.uid === uid;
    const other = isUsable ? usual : '"$(mktemp -d)"';
    const hint = uid === 0 ? 'run unset XDG_RUNTIME_DIR' : `run export XDG_RUNTIME_DIR=${other}`;
    if (!folder) {
      if (uid === 0) return skipped('not set; root does not need it');
      return warning('not set: rootless podman loses logins, or cannot store them', hint);
    }
    const stat = statOf(folder);
    if (stat === undefined) return warning(`${folder} does not exist`, hint);
    if (!stat.isDirectory()) return warning(`${folder} is not a directory`, hint);
    if (stat.uid !== uid) return warning(`user ${stat.uid} owns ${folder}, not you (${uid})`, hint);
    return isWritable(folder) ? ok(folder) : warning(`${folder} is read-only`, hint);
  },
};

/** Variables that change where clients read credentials. */
const variables: Check = {
  name: 'variables',
  run: (examined) => {
    const findings = [
      ...dockerConfig(examined),
      ...dockerAuth(examined),
      ...authFile(examined),
      ...['XDG_CONFIG_HOME', 'XDG_CACHE_HOME'].flatMap((name) => baseDirectory(examined, name)),
    ];
    return findings.length > 0 ? findings : ok('none that changes where clients read credentials');
  },
};

function dockerConfig({ context: { env } }: Examined): Finding[] {
  const folder = env.DOCKER_CONFIG;
  if (!folder) return [];
  const set = (place: string) => `run export DOCKER_CONFIG=${typed(place)}`;
  if (folder.startsWith('~')) {
    const meant = path.join(env.HOME ?? '', folder.slice(1));
    return [problem(`DOCKER_CONFIG is ${folder}: clients do not expand ~`, set(meant))];
  }
  if (!path.isAbsolute(folder)) {
    const what = `DOCKER_CONFIG is ${folder}: a relative path depends on the current directory`;
    return [warning(what, set(path.resolve(folder)))];
  }
  const stat = statOf(folder);
  if (stat === undefined || stat.isDirectory()) return [];
  const isConfig = path.basename(folder) === 'config.json';
  const hint = isConfig ? set(path.dirname(folder)) : 'run unset DOCKER_CONFIG';
  return [problem(`DOCKER_CONFIG is ${folder}, which is not a directory`, hint)];
}

/** Since Docker 28.3, it has precedence over files. Only `auths` is allowed in it; GitLab Runner also reads the rest. */
function dockerAuth({ context: { env } }: Examined): Finding[] {
  const { DOCKER_AUTH_CONFIG: text } = env;
  if (!text) return [];
  const unset = (what: string) => [
    warning(`DOCKER_AUTH_CONFIG is set${what}`, 'run unset DOCKER_AUTH_CONFIG'),
  ];
  const config = parseObject(text);
  if (config === undefined) return unset(', and is not JSON: docker prints an error');
  const others = Object.keys(config).filter((name) => name !== 'auths');
  if (others.length > 0) {
    const names = others.map(shown).join(', ');
    return unset(`, with ${names}: docker 28.3 and later accept only auths, and print an error`);
  }
  const auths = isObject(config.auths) ? Object.keys(config.auths) : [];
  if (auths.some((key) => ibmHostOf(key) !== undefined)) {
    return unset(', and has precedence over credential helpers for ICR hosts');
  }
  return [ok('DOCKER_AUTH_CONFIG is set, for other registries only')];
}

function authFile({ context: { env } }: Examined): Finding[] {
  const file = env.REGISTRY_AUTH_FILE;
  if (!file) return [];
  const unset = (why: string) => [
    problem(`REGISTRY_AUTH_FILE is ${file}${why}`, 'run unset REGISTRY_AUTH_FILE'),
  ];
  if (!path.isAbsolute(file)) return unset(': a relative path depends on the current directory');
  const stat = statOf(file);
  return stat === undefined || stat.isFile() ? [] : unset(', which is not a regular file');
}

function baseDirectory({ context: { env } }: Examined, name: string): Finding[] {
  const folder = env[name];
  if (!folder || !path.isAbsolute(folder) || statOf(folder)?.isDirectory() !== false) return [];
  return [problem(`${name} is ${folder}, which is not a directory`, `run unset ${name}`)];
}

/** Explains surprising behaviour; never a fault. */
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

/** The directories of our own files, by name: a file in the place of one stops every command. */
const ownDirectories: Check = {
  name: 'directories',
  run: ({ context: { env } }) => {
    const names = ['DOCKER_CREDENTIAL_ICR_CONFIG_DIR', 'DOCKER_CREDENTIAL_ICR_CACHE_DIR'];
    return names.flatMap((name) => {
      const folder = env[name];
      if (!folder) return [];
      const unset = (why: string) => [problem(`${name} is ${folder}, ${why}`, `run unset ${name}`)];
      if (!path.isAbsolute(folder)) return unset('which is not an absolute path');
      return fs.existsSync(folder) && statOf(folder)?.isDirectory() === false
        ? unset('which is not a directory')
        : [];
    });
  },
};

export const surroundings: readonly Check[] = [
  home,
  sudo,
  runtimeDirectory,
  variables,
  ownDirectories,
  system,
];
