import { type BuildxFile, buildxFiles, buildxFolder } from '../../clients/buildx.ts';
import {
  type CredHelpersFile,
  entryOf,
  ibmHostOf,
  textSetting,
} from '../../clients/cred-helpers.ts';
import { printable, secretKeys } from '../../clients/notes.ts';
import { rejectedMembers } from '../../clients/rejected-members.ts';
import { isText } from '../../json-object.ts';
import { isOwnName } from '../../program-name.ts';
import { type Check, type CheckInput, type Finding, type Findings, ok, problem } from './check.ts';
import { examineClientFile, isFinding, otherHelper, plainPassword } from './client-findings.ts';
import { pathProblem } from './path-problem.ts';

/** Checks the files that buildx uses instead of Docker's for an ICR host or one of its repositories. */
export const buildx: Check = {
  name: 'buildx',
  run: async (input) => {
    const above = pathProblem(input, buildxFolder(input.context), 'directory');
    if (above !== undefined) return above;
    const files = buildxFiles(input.context).filter(({ host }) => ibmHostOf(host) !== undefined);
    return Promise.all(files.map((each) => check(input, each)));
  },
};

async function check(input: CheckInput, each: BuildxFile): Promise<Findings> {
  const read = await examineClientFile(input, each.file);
  if (isFinding(read)) return read;
  // buildx loads the file with Docker's package, and takes Docker's own file if that fails.
  const ignored = rejectedMembers(read, 'config.json')
    .filter(({ failed }) => failed.includes('nerdctl'))
    .map(({ what, fix }) => problem(`${what}: buildx ignores the file`, fix));
  const passwords = secretKeys(read).map((key) => plainPassword(read.file, key));
  return [ignored, passwords, helperFinding(input, each, read)];
}

function helperFinding(
  { context }: CheckInput,
  { file, host, name }: BuildxFile,
  read: CredHelpersFile,
): Finding {
  const helper = entryOf(read, host)?.value.value ?? textSetting(read, 'credsStore');
  const hint = `set "credHelpers": {"${host}": "icr"} in ${file}, or the helper of an identity`;
  if (!isText(helper))
    return problem(`${file} names no helper: buildx has no credential for ${name}`, hint);
  return isOwnName(helper)
    ? ok(`${name} uses docker-credential-${printable(helper)}`)
    : otherHelper(context, helper, `${name} in ${file}`, hint);
}
