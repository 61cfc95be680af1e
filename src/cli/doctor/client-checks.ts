import { type CredHelpersFile, textSetting } from '../../clients/cred-helpers.ts';
import { dockerConfigFile } from '../../clients/docker.ts';
import { helperList, userFolders } from '../../clients/helper-lists.ts';
import { podmanClients } from '../../clients/podman.ts';
import { dockerPrograms, podmanPrograms } from '../../clients/readers.ts';
import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import { findProgram } from '../../files/executables.ts';
import { isOwnName } from '../../program-name.ts';
import { shellQuoted } from '../../visible.ts';
import { attempt } from './attempt.ts';
import {
  type Check,
  type CheckInput,
  type Finding,
  ok,
  problem,
  skipped,
  warning,
} from './check.ts';
import {
  callsHelper,
  configureHint,
  examineClientFile,
  fileFindings,
  isUnreadable,
  namesHelper,
  registeredHosts,
  unregisteredHosts,
  withoutCredential,
} from './client-findings.ts';

export function hasOneOf(context: Context, programs: readonly string[]): boolean {
  return programs.some((program) => findProgram(context, program) !== undefined);
}

/** Checks Docker's `config.json`, which Compose, BuildKit, nerdctl, crane and oras read as well. */
export const dockerFile: Check = {
  name: 'docker',
  run: async (input) => {
    const { context } = input;
    const file = dockerConfigFile(context);
    const read = await examineClientFile(input, file);
    if (isUnreadable(read)) return read.finding;
    const isPodmanOnly = !hasOneOf(context, dockerPrograms) && hasOneOf(context, podmanPrograms);
    if (read.text === undefined && isPodmanOnly) return skipped('no Docker client on PATH');
    const findings = fileFindings(input, 'docker', read, logoutDocker);
    if (!namesHelper('docker', read)) {
      return [problem(`${file} does not name this helper`, configureHint('docker')), ...findings];
    }
    return [
      ok(
        coverageMessage(
          input,
          file,
          isOwnName(textSetting(read, 'credsStore')),
          registeredHosts('docker', read),
        ),
      ),
      ...findings,
      ...unregisteredHosts(input, 'docker', (host) => callsHelper('docker', read, host)),
    ];
  },
};

function coverageMessage(
  input: CheckInput,
  file: string,
  isStore: boolean,
  hosts: readonly string[],
) {
  const what = isStore
    ? 'every registry'
    : `${hosts.length} ICR ${hosts.length === 1 ? 'host' : 'hosts'}`;
  return `${file} names this helper for ${what}${withoutCredential(input, hosts)}`;
}

/** `docker logout HOST` also removes `http(s)://HOST`; every other entry needs its exact spelling. */
function logoutDocker(key: string): string {
  return `docker logout ${shellQuoted(key.replace(/^https?:\/\/([^/]*)$/, '$1'))}`;
}

/** Checks the `auth.json` files of podman, buildah and skopeo. */
export const podmanFiles: Check = {
  name: 'podman',
  run: async (input) => {
    const { context } = input;
    const names = podmanClients(context).map(({ file }) => file(context));
    const reads = await Promise.all(names.map((file) => examineClientFile(input, file)));
    const broken = reads.filter(isUnreadable);
    const files = reads.filter((read): read is CredHelpersFile => !isUnreadable(read));
    const present = files.filter(({ text }) => text !== undefined);
    if (broken.length + present.length === 0 && !hasOneOf(context, podmanPrograms)) {
      return skipped('not installed');
    }
    const findings = present.flatMap((read) =>
      fileFindings(input, 'podman', read, (key) => logoutPodman(read, key)),
    );
    return [
      ...broken.map(({ finding }) => finding),
      ...(files.length > 0 ? await coverage(input, files) : []),
      ...findings,
    ];
  },
};

async function coverage(input: CheckInput, files: readonly CredHelpersFile[]): Promise<Finding[]> {
  const lists = await attempt(() =>
    userFolders(input.context).map((user) => helperList(input.context, user)),
  );
  if (!(lists instanceof HelperError) && lists.every((list) => list?.namesHelper)) {
    const names = new Set(lists.map((list) => list?.file));
    return [ok(`${[...names].join(', ')} names this helper for every registry`)];
  }
  const naming = files.filter((read) => namesHelper('podman', read));
  if (naming.length === 0) return unnamed(input, files);
  // `login` creates its file, the last one, if it does not exist.
  const others = files.filter(
    (read) => (read.text !== undefined || read === files.at(-1)) && !naming.includes(read),
  );
  const hosts = [...new Set(naming.flatMap((read) => registeredHosts('podman', read)))];
  return [
    ok(coverageMessage(input, naming.map(({ file }) => file).join(', '), false, hosts)),
    ...others.map(({ file }) =>
      warning(
        `${file} does not name this helper: podman login stores passwords in it`,
        configurePodman,
      ),
    ),
    ...unregisteredHosts(input, 'podman', (host) =>
      naming.some((read) => callsHelper('podman', read, host)),
    ),
  ];
}

/** If none of their own files names it, these programs pull with the `credHelpers` in Docker's file. */
async function unnamed(input: CheckInput, files: readonly CredHelpersFile[]): Promise<Finding[]> {
  const docker = await examineClientFile(input, dockerConfigFile(input.context));
  const own = files.map(({ file }) => file).join(', ');
  if (isUnreadable(docker) || !namesHelper('docker', docker)) {
    return [problem(`no file names this helper (${own})`, configurePodman)];
  }
  if (!namesHelper('podman', docker)) {
    const what = `${docker.file} names this helper as credsStore, which podman, buildah and skopeo do not read`;
    return [problem(`${what}; none of their own files names it (${own})`, configurePodman)];
  }
  const what = `podman pulls with ${docker.file}, but podman login stores passwords in plain text`;
  return [
    warning(`${what}: none of its own files names this helper (${own})`, configurePodman),
    ...unregisteredHosts(input, 'podman', (host) => callsHelper('podman', docker, host)),
  ];
}

const configurePodman = configureHint('podman');

/** Returns undefined for an entry that is a URL: `podman logout` cannot remove it. */
function logoutPodman({ file }: CredHelpersFile, key: string): string | undefined {
  return key.includes('://')
    ? undefined
    : `podman logout --authfile ${shellQuoted(file)} ${shellQuoted(key)}`;
}
