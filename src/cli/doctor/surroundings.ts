import fs from 'node:fs';
import path from 'node:path';
import { typed } from '../../clients/notes.ts';
import type { Context } from '../../context.ts';
import { type Check, type Examined, type Finding, fail, ok, skip, warn } from './check.ts';
import { hasOneOf, podmanPrograms } from './docker.ts';
import { isWritable } from './search-path.ts';

/** What the password database says, whatever the environment says. */
const ownHome = 'export HOME="$(eval echo "~$(id -un)")"';

/** The home folder, in which everything is looked for. */
const home: Check = {
  name: 'home',
  run: (examined) => {
    const { context, machine } = examined;
    const name = context.platform === 'win32' ? 'USERPROFILE' : 'HOME';
    const folder = context.env[name];
    if (!folder) return fail(`${name} is not set, and clients look for their files there`, ownHome);
    const stat = fs.statSync(folder, { throwIfNoEntry: false });
    if (stat === undefined) return fail(`${folder} does not exist`, `mkdir -p ${typed(folder)}`);
    if (!stat.isDirectory()) return fail(`${name} is ${folder}, which is not a folder`, ownHome);
    if (machine.uid !== undefined && stat.uid !== machine.uid)
      return foreign(examined, folder, stat.uid);
    if (!isWritable(folder)) {
      return warn(
        `${folder} is read-only: nothing can be kept there`,
        `chmod u+w ${typed(folder)}`,
      );
    }
    return ok(folder);
  },
};

function foreign({ context, machine: { uid } }: Examined, folder: string, owner: number): Finding {
  const by = context.env.SUDO_USER === undefined ? '' : ` (sudo by ${context.env.SUDO_USER})`;
  const what = `you are user ${uid}${by}, but HOME is ${folder} of user ${owner}`;
  const why = uid === 0 ? ': what you save there, its owner cannot read' : '';
  return warn(what + why, ownHome);
}

/** What is saved for a person is not there for root, and the other way round. */
const sudo: Check = {
  name: 'sudo',
  run: ({ context, machine, look }) => {
    const { SUDO_USER: user } = context.env;
    if (!user || user === 'root' || machine.uid !== 0) return [];
    const answered = look.answers().length > 0;
    const what = `you are root by sudo: what ${user} saved, and ${user}'s client files, are not used`;
    return answered ? ok(what) : fail(what, 'docker-credential-icr login');
  },
};

/** Where rootless podman keeps its file of the session. */
const runtimeFolder: Check = {
  name: 'XDG_RUNTIME_DIR',
  run: ({ context, machine: { uid } }) => {
    if (context.platform !== 'linux' || !hasOneOf(context, podmanPrograms)) return [];
    const folder = context.env.XDG_RUNTIME_DIR;
    const fix = otherRuntimeFolder(uid, folder);
    if (!folder) {
      if (uid === 0) return skip('not set, which root does not need');
      return warn('not set: rootless podman loses logins, or cannot keep them', fix);
    }
    const stat = fs.statSync(folder, { throwIfNoEntry: false });
    if (stat === undefined) return warn(`${folder} does not exist`, fix);
    if (!stat.isDirectory()) return warn(`${folder} is not a folder`, fix);
    if (stat.uid !== uid) {
      return warn(`${folder} belongs to user ${stat.uid}, not to you (${uid})`, fix);
    }
    return isWritable(folder) ? ok(folder) : warn(`${folder} cannot be written to`, fix);
  },
};

/** The one that a login session has; else, as podman advises, one for this shell. */
function otherRuntimeFolder(uid: number | undefined, current: string | undefined): string {
  const usual = `/run/user/${uid}`;
  if (usual !== current && fs.statSync(usual, { throwIfNoEntry: false })?.uid === uid) {
    return `export XDG_RUNTIME_DIR=${usual}`;
  }
  return uid === 0 ? 'unset XDG_RUNTIME_DIR' : 'export XDG_RUNTIME_DIR="$(mktemp -d)"';
}

/** Variables that move Docker's and podman's files, or go before them. */
const variables: Check = {
  name: 'variables',
  run: ({ context }) => {
    const findings = [...dockerConfig(context), ...dockerAuth(context), ...authFile(context)];
    return findings.length > 0 ? findings : ok('none that leads clients astray');
  },
};

function dockerConfig({ env }: Context): Finding[] {
  const folder = env.DOCKER_CONFIG;
  if (!folder) return [];
  const set = (place: string) => `export DOCKER_CONFIG=${typed(place)}`;
  if (folder.startsWith('~')) {
    const meant = path.join(env.HOME ?? '', folder.slice(1));
    return [fail(`DOCKER_CONFIG is ${folder}: clients do not know what ~ means`, set(meant))];
  }
  if (!path.isAbsolute(folder)) {
    const what = `DOCKER_CONFIG is ${folder}: another folder wherever a client is started`;
    return [warn(what, set(path.resolve(folder)))];
  }
  if (!fs.statSync(folder, { throwIfNoEntry: false })?.isFile()) return [];
  const isConfig = path.basename(folder) === 'config.json';
  const fix = isConfig ? set(path.dirname(folder)) : 'unset DOCKER_CONFIG';
  return [fail(`DOCKER_CONFIG is ${folder}, a file; clients want its folder`, fix)];
}

/** Since Docker 28.3. */
function dockerAuth({ env }: Context): Finding[] {
  if (!env.DOCKER_AUTH_CONFIG) return [];
  const what = 'DOCKER_AUTH_CONFIG is set, and docker asks it before any helper';
  return [warn(what, 'unset DOCKER_AUTH_CONFIG')];
}

function authFile({ env }: Context): Finding[] {
  const file = env.REGISTRY_AUTH_FILE;
  if (!file) return [];
  const away = (problem: string) =>
    fail(`REGISTRY_AUTH_FILE is ${file}${problem}`, 'unset REGISTRY_AUTH_FILE');
  if (!path.isAbsolute(file)) return [away(': another file wherever podman is started')];
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  return stat === undefined || stat.isFile() ? [] : [away(', which is not a file')];
}

/** What explains a surprise, and is no fault. */
const system: Check = {
  name: 'system',
  run: ({ context, machine }) => [
    ...(/microsoft/i.test(machine.kernel)
      ? [ok('WSL: Docker Desktop and Windows have client files of their own')]
      : []),
    ...(machine.inUserNamespace && context.platform === 'linux'
      ? [ok(`in a user namespace: user ${machine.uid} here is another one outside`)]
      : []),
  ],
};

export const surroundings: readonly Check[] = [home, sudo, runtimeFolder, variables, system];
