import { type BuildxFile, buildxFiles, buildxFolder } from '../../clients/buildx.ts';
import {
  authsOf,
  type CredHelpersFile,
  entryOf,
  ibmHostOf,
  textSetting,
} from '../../clients/cred-helpers.ts';
import { holdsSecret, printable } from '../../clients/notes.ts';
import { rejectedMembers } from '../../clients/rejected-members.ts';
import { isOwnName } from '../../program-name.ts';
import { findHelper } from '../../secrets/helper-program.ts';
import { type Check, type CheckInput, type Finding, ok, problem, warning } from './check.ts';
import { examineClientFile, isUnreadable } from './client-findings.ts';
import { pathProblem } from './path-problem.ts';

/** Checks the files that buildx uses instead of Docker's for an ICR host or one of its repositories. */
export const buildx: Check = {
  name: 'buildx',
  run: async (input) => {
    const above = pathProblem(input, buildxFolder(input.context), 'directory');
    if (above !== undefined) return above;
    const files = buildxFiles(input.context).filter(({ host }) => ibmHostOf(host) !== undefined);
    return (await Promise.all(files.map((each) => check(input, each)))).flat();
  },
};

async function check(input: CheckInput, each: BuildxFile): Promise<Finding[]> {
  const read = await examineClientFile(input, each.file);
  if (isUnreadable(read)) return [read.finding];
  // buildx loads the file with Docker's package, and takes Docker's own file if that fails.
  const rejected = rejectedMembers(read, 'config.json').filter(({ failed }) =>
    failed.includes('nerdctl'),
  );
  const ignored = rejected.map(({ what, fix }) => problem(`${what}: buildx ignores the file`, fix));
  return [...ignored, ...passwords(each, read), helperFinding(input, each, read)];
}

function passwords({ file }: BuildxFile, read: CredHelpersFile): Finding[] {
  const keys = authsOf(read)
    .filter((entry) => ibmHostOf(entry.key) !== undefined && holdsSecret(entry))
    .map(({ key }) => printable(key));
  return [...new Set(keys)].map((key) => {
    const hint = `remove the entry ${key} of "auths" from ${file}`;
    return problem(`${file} has a password for ${key} in plain text`, hint);
  });
}

function helperFinding(
  { context }: CheckInput,
  { file, host, name }: BuildxFile,
  read: CredHelpersFile,
): Finding {
  const helper = entryOf(read, host)?.value.value ?? textSetting(read, 'credsStore');
  const hint = `set "credHelpers": {"${host}": "icr"} in ${file}, or the helper of an identity`;
  if (typeof helper !== 'string' || helper === '') {
    return problem(`${file} names no helper: buildx has no credential for ${name}`, hint);
  }
  if (isOwnName(helper)) return ok(`${name} uses docker-credential-${printable(helper)}`);
  const what = `helper "${printable(helper)}" for ${name} in ${file}`;
  return findHelper(context, helper) === undefined
    ? problem(`${what}, and it is not on PATH`, hint)
    : warning(`another ${what}`, hint);
}
