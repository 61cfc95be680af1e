import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../../context.ts';
import { findProgram } from '../../files/executables.ts';
import { realPath } from '../../files/file-facts.ts';
import { type Check, type CheckInput, type Finding, ok, warning } from './check.ts';

/** An installation of docker or nerdctl that differs from the usual one; `docs/desktop.md` has the same list. */
interface Installation {
  readonly name: string;
  /** Files or directories of which one exists, in the home directory if they are relative. */
  readonly files: (context: Context) => readonly string[];
  /** What works. */
  readonly works: string;
}

const installations: readonly Installation[] = [
  {
    name: 'Docker Desktop',
    files: ({ env }) => [
      '/Applications/Docker.app',
      '/opt/docker-desktop',
      '.docker/desktop',
      path.join(env.ProgramFiles || '/nonexistent', 'Docker/Docker/Docker Desktop.exe'),
    ],
    works: 'docker calls the helper on this machine',
  },
  {
    name: 'Docker Desktop in WSL',
    files: () => ['/mnt/wsl/docker-desktop'],
    works: 'docker of this distribution calls the helper of this distribution, not that of Windows',
  },
  {
    name: 'OrbStack',
    files: () => ['.orbstack'],
    works: 'docker calls the helper on this machine; a Linux machine needs its own',
  },
  {
    name: 'Rancher Desktop',
    files: () => ['.rd'],
    works: 'docker calls the helper on this machine; nerdctl may ignore credHelpers',
  },
  {
    name: 'Colima',
    files: ({ env }) => [env.COLIMA_HOME || '.colima', '.config/colima'],
    works: 'docker calls the helper on this machine; colima nerdctl needs one in the VM',
  },
  {
    name: 'Lima',
    files: ({ env }) => [env.LIMA_HOME || '.lima'],
    works: 'docker calls the helper on this machine; lima nerdctl needs one in the VM',
  },
  {
    name: 'Finch',
    files: () => ['.finch'],
    works: 'finch calls helpers in its VM, and reads ~/.finch/config.json',
  },
];

/** Recognizes installations by their files. */
export const desktop: Check = {
  name: 'desktop',
  run: (input) => [
    snap(input),
    installations
      .filter(({ files }) => files(input.context).some((file) => isPresent(input.context, file)))
      .map(({ name, works }) => ok(`${name}: ${works}`)),
  ],
};

function isPresent({ env, platform }: Context, file: string): boolean {
  const home = platform === 'win32' ? env.USERPROFILE : env.HOME;
  if (path.isAbsolute(file)) return fs.existsSync(file);
  return home ? fs.existsSync(path.join(home, file)) : false;
}

/** The programs of a snap are symlinks to `snap`, which starts them in their own file system. */
function snap({ context }: CheckInput): Finding | undefined {
  const docker = findProgram(context, 'docker');
  const isSnap =
    docker !== undefined &&
    (docker.startsWith('/snap/') || path.basename(realPath(docker) ?? '') === 'snap');
  if (!isSnap) return undefined;
  const what = `${docker} is a snap: it cannot run credential helpers, and reads ~/snap/docker/current/.docker`;
  const hint = "install Docker's packages instead (https://docs.docker.com/engine/install)";
  return warning(what, hint);
}
