import { type CredHelpersFile, textSetting } from '../../clients/cred-helpers.ts';
import { dockerConfigFile } from '../../clients/docker.ts';
import { helperList, userFolders } from '../../clients/helper-lists.ts';
import { typed } from '../../clients/notes.ts';
import { podmanClients } from '../../clients/podman.ts';
import { dockerPrograms, podmanPrograms } from '../../clients/readers.ts';
import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import { findProgram } from '../../files/executables.ts';
import { attempt } from './attempt.ts';
import {
  type Check,
  type Examined,
  type Finding,
  failure,
  ok,
  problem,
  skipped,
  warning,
} from './check.ts';
import {
  asksUs,
  configureHint,
  fileFindings,
  givenToUs,
  leftOutFindings,
  namesUs,
  readClientFile,
  withoutCredential,
} from './client-findings.ts';

export function hasOneOf(context: Context, programs: readonly string[]): boolean {
  return programs.some((program) => findProgram(context, program) !== undefined);
}

/** Docker's file, which Compose, BuildKit, nerdctl, crane and oras read as well. */
export const dockerFile: Check = {
  name: 'docker',
  run: async (examined) => {
    const { context } = examined;
    const file = dockerConfigFile(context);
    const read = await readClientFile(file);
    if (read instanceof HelperError) return failure(read);
    const isPodmanOnly = !hasOneOf(context, dockerPrograms) && hasOneOf(context, podmanPrograms);
    if (read.text === undefined && isPodmanOnly) return skipped('no Docker client on PATH');
    const findings = fileFindings(examined, 'docker', read, logoutDocker);
    if (!namesUs('docker', read)) {
      return [problem(`${file} does not name this helper`, configureHint('docker')), ...findings];
    }
    return [
      ok(
        named(examined, file, textSetting(read, 'credsStore') === 'icr', givenToUs('docker', read)),
      ),
      ...findings,
      ...leftOutFindings(examined, 'docker', (host) => asksUs('docker', read, host)),
    ];
  },
};

function named(examined: Examined, file: string, isStore: boolean, hosts: readonly string[]) {
  const what = isStore
    ? 'every registry'
    : `${hosts.length} IBM ${hosts.length === 1 ? 'host' : 'hosts'}`;
  return `${file} names this helper for ${what}${withoutCredential(examined, hosts)}`;
}

/** `docker logout` finds HOST and http(s)://HOST by HOST, and any other spelling as it is. */
function logoutDocker(key: string): string {
  return `docker logout ${typed(key.replace(/^https?:\/\/([^/]*)$/, '$1'))}`;
}

/** The files of podman, buildah and skopeo. */
export const podmanFiles: Check = {
  name: 'podman',
  run: async (examined) => {
    const { context } = examined;
    const names = podmanClients(context).map(({ file }) => file(context));
    const reads = await Promise.all(names.map(readClientFile));
    const broken = reads.filter((read) => read instanceof HelperError);
    const files = reads.filter((read): read is CredHelpersFile => !(read instanceof HelperError));
    const present = files.filter(({ text }) => text !== undefined);
    if (broken.length + present.length === 0 && !hasOneOf(context, podmanPrograms)) {
      return skipped('not installed');
    }
    const findings = present.flatMap((read) =>
      fileFindings(examined, 'podman', read, (key) => logoutPodman(read, key)),
    );
    return [
      ...broken.map((error) => failure(error)),
      ...(await coverage(examined, files)),
      ...findings,
    ];
  },
};

async function coverage(examined: Examined, files: readonly CredHelpersFile[]): Promise<Finding[]> {
  const lists = await attempt(() =>
    userFolders(examined.context).map((user) => helperList(examined.context, user)),
  );
  if (!(lists instanceof HelperError) && lists.every((list) => list?.namesUs)) {
    const names = new Set(lists.map((list) => list?.file));
    return [ok(`${[...names].join(', ')} names this helper for every registry`)];
  }
  const naming = files.filter((read) => namesUs('podman', read));
  if (naming.length === 0) return unnamed(examined, files);
  // `login` creates its file, the last one, if it does not exist.
  const others = files.filter(
    (read) => (read.text !== undefined || read === files.at(-1)) && !naming.includes(read),
  );
  const hosts = [...new Set(naming.flatMap((read) => givenToUs('podman', read)))];
  return [
    ok(named(examined, naming.map(({ file }) => file).join(', '), false, hosts)),
    ...others.map(({ file }) =>
      warning(
        `${file} does not name this helper: podman login stores passwords in it`,
        configurePodman,
      ),
    ),
    ...leftOutFindings(examined, 'podman', (host) =>
      naming.some((read) => asksUs('podman', read, host)),
    ),
  ];
}

/** If none of their own files names it, these programs pull with the `credHelpers` in Docker's file. */
async function unnamed(examined: Examined, files: readonly CredHelpersFile[]): Promise<Finding[]> {
  const docker = await readClientFile(dockerConfigFile(examined.context));
  const own = files.map(({ file }) => file).join(', ');
  if (docker instanceof HelperError || !namesUs('docker', docker)) {
    return [problem(`no file names this helper (${own})`, configurePodman)];
  }
  if (!namesUs('podman', docker)) {
    const what = `${docker.file} names this helper as credsStore, which podman, buildah and skopeo do not read`;
    return [problem(`${what} (${own} does not name it)`, configurePodman)];
  }
  const what = `podman pulls with ${docker.file}, but podman login stores passwords in plain text`;
  return [
    warning(`${what}: ${own} does not name this helper`, configurePodman),
    ...leftOutFindings(examined, 'podman', (host) => asksUs('podman', docker, host)),
  ];
}

const configurePodman = configureHint('podman');

/** `podman logout` finds no entry that was written as a URL. */
function logoutPodman({ file }: CredHelpersFile, key: string): string | undefined {
  return key.includes('://') ? undefined : `podman logout --authfile ${typed(file)} ${typed(key)}`;
}
