import path from 'node:path';
import {
  type CredHelpersFile,
  callsHelper,
  namesHelper,
  textSetting,
} from '../../clients/cred-helpers.ts';
import { dockerConfigFile } from '../../clients/docker.ts';
import { completeLists, helperLists, listFiles, userFolders } from '../../clients/helper-lists.ts';
import { podmanClients } from '../../clients/podman.ts';
import { dockerPrograms, podmanPrograms } from '../../clients/readers.ts';
import { settingWith } from '../../clients/registries-conf.ts';
import type { Context } from '../../context.ts';
import { hasProgram } from '../../files/executables.ts';
import { attempt } from '../../files/storage-error.ts';
import { isOwnName } from '../../program-name.ts';
import { shellQuoted } from '../../visible.ts';
import {
  type Check,
  type CheckInput,
  type Finding,
  type Findings,
  listed,
  ok,
  problem,
  skipped,
  warning,
} from './check.ts';
import {
  configureHint,
  examineClientFile,
  fileFindings,
  isFinding,
  registeredHosts,
  unregisteredHosts,
  withoutCredential,
} from './client-findings.ts';
import { pathProblem } from './path-problem.ts';

/** Checks Docker's `config.json`, which Compose, BuildKit, nerdctl, crane and oras read as well. */
export const dockerFile: Check = {
  name: 'docker',
  run: async (input) => {
    const { context } = input;
    const file = dockerConfigFile(context);
    const read = await examineClientFile(input, file);
    if (isFinding(read)) return read;
    const isPodmanOnly =
      !hasProgram(context, ...dockerPrograms) && hasProgram(context, ...podmanPrograms);
    if (read.text === undefined && isPodmanOnly) return skipped('no Docker client on PATH');
    const findings = fileFindings(input, 'docker', read, logoutDocker);
    if (!namesHelper('docker', read)) {
      return [problem(`${file} does not name this helper`, configureHint('docker')), findings];
    }
    const isStore = isOwnName(textSetting(read, 'credsStore'));
    const hosts = registeredHosts('docker', read);
    const names = isStore ? `${file} names this helper for every registry` : namesFor(file, hosts);
    return [
      ok(names + withoutCredential(input, hosts)),
      findings,
      unregisteredHosts(input, 'docker', (host) => callsHelper('docker', read, host)),
    ];
  },
};

function namesFor(files: string, { length }: readonly string[]): string {
  return `${files} names this helper for ${length} ICR ${length === 1 ? 'host' : 'hosts'}`;
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
    const broken = reads.filter(isFinding);
    const files = reads.flatMap((read) => (isFinding(read) ? [] : read));
    const present = files.filter(({ text }) => text !== undefined);
    if (broken.length + present.length === 0 && !hasProgram(context, ...podmanPrograms)) {
      return skipped('not installed');
    }
    return [
      broken,
      files.length > 0 ? await coverage(input, files) : undefined,
      present.map((read) => fileFindings(input, 'podman', read, (key) => logoutPodman(read, key))),
    ];
  },
};

async function coverage(input: CheckInput, files: readonly CredHelpersFile[]): Promise<Findings> {
  const lists = await attempt(() => completeLists(input.context));
  if (Array.isArray(lists)) return ok(`${lists.join(', ')} names this helper for every registry`);
  const naming = files.filter((read) => namesHelper('podman', read));
  if (naming.length === 0) return unnamed(input, files);
  // `login` creates its file, the last one, if it does not exist.
  const others = files.filter(
    (read) => (read.text !== undefined || read === files.at(-1)) && !naming.includes(read),
  );
  const names = naming.map(({ file }) => file).join(', ');
  const hosts = [...new Set(naming.flatMap((read) => registeredHosts('podman', read)))];
  const stores = 'does not name this helper: podman login stores passwords in it';
  return [
    ok(namesFor(names, hosts) + withoutCredential(input, hosts)),
    others.map(({ file }) => warning(`${file} ${stores}`, configurePodman)),
    unregisteredHosts(input, 'podman', (host) =>
      naming.some((read) => callsHelper('podman', read, host)),
    ),
  ];
}

/** If none of their own files names it, these programs pull with the `credHelpers` in Docker's file. */
async function unnamed(input: CheckInput, files: readonly CredHelpersFile[]): Promise<Findings> {
  const docker = await examineClientFile(input, dockerConfigFile(input.context));
  const own = files.map(({ file }) => file).join(', ');
  if (isFinding(docker) || !namesHelper('docker', docker)) {
    return problem(`no file names this helper (${own})`, configurePodman);
  }
  if (!namesHelper('podman', docker)) {
    const what = `${docker.file} names this helper as credsStore, which podman, buildah and skopeo do not read`;
    return problem(`${what}; none of their own files names it (${own})`, configurePodman);
  }
  const what = `podman pulls with ${docker.file}, but podman login stores passwords in plain text`;
  return [
    warning(`${what}: none of its own files names this helper (${own})`, configurePodman),
    unregisteredHosts(input, 'podman', (host) => callsHelper('podman', docker, host)),
  ];
}

const configurePodman = configureHint('podman');

/** Returns undefined for an entry that is a URL: `podman logout` cannot remove it. */
function logoutPodman({ file }: CredHelpersFile, key: string): string | undefined {
  return key.includes('://')
    ? undefined
    : `podman logout --authfile ${shellQuoted(file)} ${shellQuoted(key)}`;
}

/** A list with this helper that a later file replaces. */
export const registriesConf: Check = {
  name: 'registries.conf',
  run: (input) => {
    const { context } = input;
    const users = userFolders(context);
    const unreadable = users.flatMap((user) => unreadableIn(input, user));
    const found = listed(
      unreadable.length > 0 ? unreadable : users.map((user) => replacedIn(context, user)),
    );
    return [...new Map(found.map((finding) => [finding.message, finding])).values()];
  },
};

function unreadableIn(input: CheckInput, user: string): Finding[] {
  const folder = path.join(user, 'registries.conf.d');
  const above = pathProblem(input, folder, 'directory');
  if (above !== undefined) return [above];
  return listFiles(input.context, user).flatMap((file) => pathProblem(input, file, 'file') ?? []);
}

function replacedIn(context: Context, user: string): Finding | undefined {
  const lists = helperLists(context, user);
  const last = lists.at(-1);
  const ours = lists.find(({ namesHelper }) => namesHelper);
  if (last === undefined || ours === undefined || last.namesHelper) return undefined;
  const what = `${last.file} lists other helpers and replaces ${ours.file}`;
  return warning(what, `set ${settingWith(last.names)} in ${last.file}`);
}
