import { textSetting } from '../../clients/cred-helpers.ts';
import { dockerConfigFile } from '../../clients/docker.ts';
import { typed } from '../../clients/notes.ts';
import type { Context } from '../../context.ts';
import { isOnPath } from '../../files/executables.ts';
import { type Check, type Examined, type Finding, fail, ok, skip } from './check.ts';
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

/** The programs that read Docker's file. */
export const dockerPrograms = [
  'docker',
  'docker-compose',
  'nerdctl',
  'crane',
  'oras',
  'cosign',
  'ko',
];
/** The programs that read containers' files first. */
export const podmanPrograms = ['podman', 'buildah', 'skopeo'];

export function hasOneOf(context: Context, programs: readonly string[]): boolean {
  return programs.some((program) => isOnPath(context, program));
}

/** Docker's file: also Compose's, BuildKit's, nerdctl's, crane's, oras's. */
export const dockerFile: Check = {
  name: 'docker',
  run: (examined) => {
    const { context } = examined;
    const file = dockerConfigFile(context);
    const read = readClientFile(file, 'docker');
    if (isFinding(read)) return read;
    if (read.text === undefined && isPodmanOnly(context)) return skip('no Docker client on PATH');
    const findings: Finding[] = [
      ...staleAuthFindings(examined, read, logout),
      ...otherHelperFindings(examined, 'docker', read),
      ...ownerFindings(examined, file),
      ...asideFindings(examined, file),
    ];
    if (!namesUs(read)) {
      return [fail(`${file} does not name this helper`, configureCommand('docker')), ...findings];
    }
    const leftOut = leftOutFindings(examined, 'docker', (host) => asksUs(read, host));
    return [
      ok(named(examined, file, textSetting(read, 'credsStore'), givenToUs(read))),
      ...findings,
      ...leftOut,
    ];
  },
};

function isPodmanOnly(context: Context): boolean {
  return !hasOneOf(context, dockerPrograms) && hasOneOf(context, podmanPrograms);
}

function named(
  examined: Examined,
  file: string,
  store: string | undefined,
  hosts: readonly string[],
): string {
  const what = store === 'icr' ? 'every registry' : countOf(hosts);
  return `${file} names this helper for ${what}${unanswered(examined, hosts)}`;
}

/** It finds HOST and http(s)://HOST by HOST; any other spelling as it is. */
function logout(key: string): string {
  return `docker logout ${typed(key.replace(/^https?:\/\/([^/]*)$/, '$1'))}`;
}
