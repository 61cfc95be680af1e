import type { CredHelpersFile } from '../../clients/cred-helpers.ts';
import { dockerConfigFile } from '../../clients/docker.ts';
import { typed } from '../../clients/notes.ts';
import { podmanClients } from '../../clients/podman.ts';
import { type Check, type Examined, type Finding, fail, ok, skip, warn } from './check.ts';
import {
  asksUs,
  configureCommand,
  givenToUs,
  isFinding,
  namesUs,
  readClientFile,
} from './client-file.ts';
import {
  asideFindings,
  countOf,
  leftOutFindings,
  otherHelperFindings,
  ownerFindings,
  staleAuthFindings,
  unanswered,
} from './client-findings.ts';
import { hasOneOf, podmanPrograms } from './docker.ts';
import { helperList } from './registries-conf.ts';

/** The files of podman, buildah and skopeo. */
export const podmanFiles: Check = {
  name: 'podman',
  run: (examined) => {
    const { context } = examined;
    const reads = podmanClients(context).map(({ file }) => readClientFile(file(context), 'podman'));
    const broken = reads.filter(isFinding);
    const files = reads.filter((read): read is CredHelpersFile => !isFinding(read));
    const present = files.filter(({ text }) => text !== undefined);
    if (broken.length + present.length === 0 && !hasOneOf(context, podmanPrograms)) {
      return skip('not installed');
    }
    const findings = present.flatMap((read) => [
      ...staleAuthFindings(examined, read, logoutOf(read)),
      ...otherHelperFindings(examined, 'podman', read),
      ...ownerFindings(examined, read.file),
      ...asideFindings(examined, read.file),
    ]);
    return [...broken, ...coverage(examined, files), ...findings];
  },
};

/** Whether podman, buildah and skopeo ask this helper, and about which hosts. */
function coverage(examined: Examined, files: readonly CredHelpersFile[]): Finding[] {
  const { context } = examined;
  const list = helperList(context);
  if (list?.namesUs) return [ok(`${list.file} names this helper for every registry`)];
  const naming = files.filter(namesUs);
  const configure = configureCommand('podman');
  if (naming.length === 0) return [unnamed(examined, files)];
  const past = files.filter((read) => read.text !== undefined && !naming.includes(read));
  const hosts = [...new Set(naming.flatMap(givenToUs))];
  return [
    ok(
      `${naming.map(({ file }) => file).join(', ')} names this helper for ${countOf(hosts)}` +
        unanswered(examined, hosts),
    ),
    ...past.map(({ file }) => warn(`${file} does not: podman login keeps keys in it`, configure)),
    ...leftOutFindings(examined, 'podman', (host) => naming.some((read) => asksUs(read, host))),
  ];
}

/** Where no file of their own names it, these programs pull by what Docker's file says. */
function unnamed({ context }: Examined, files: readonly CredHelpersFile[]): Finding {
  const docker = readClientFile(dockerConfigFile(context), 'docker');
  const configure = configureCommand('podman');
  const own = files.map(({ file }) => file).join(', ');
  if (isFinding(docker) || !namesUs(docker)) {
    return fail(`no file names this helper (${own})`, configure);
  }
  const where = `pulls by ${docker.file}, but podman login keeps keys in plain text`;
  return warn(`${where}: ${own} does not name this helper`, configure);
}

/** It finds no entry that was written as a URL. */
function logoutOf({ file }: CredHelpersFile) {
  return (key: string): string | undefined =>
    key.includes('://') ? undefined : `podman logout --authfile ${typed(file)} ${typed(key)}`;
}
