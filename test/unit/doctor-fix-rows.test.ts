import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

// Each finding of doctor with a hint has a test that follows the hint and expects the finding to be gone.

const test = suite("tests of doctor's fixes");

const root = path.join(import.meta.dirname, '../..');
const checks = path.join(root, 'src/cli/doctor');
const integration = path.join(root, 'test/integration');

/** The part of the message that a test expects, as written there; or why the fix cannot be run in a test. */
type Evidence = string | { readonly reason: string };

/** A call that creates a finding, without `$` of templates, and evidence for each message that it is called with. */
type Row = readonly [call: string, ...evidence: readonly Evidence[]];

/** The calls in their order in the file. */
const findings: Readonly<Record<string, readonly Row[]>> = {
  'buildx-check.ts': [
    [
      'problem(`{what}: buildx ignores the file`, fix)',
      'is not a string: buildx ignores the file$',
    ],
    [
      'plainPassword(read.file, key)',
      'config\\.json has a password for us\\.icr\\.io in plain text$',
    ],
    [
      'problem(`{file} names no helper: buildx has no credential for {name}`, hint)',
      'names no helper: buildx has no credential',
    ],
    [
      'otherHelper(context, helper, `{name} in {file}`, hint)',
      '^helper "gone" for us\\.icr\\.io',
      '^another helper "pass" for us\\.icr\\.io\\/ns',
    ],
  ],
  'client-checks.ts': [
    [
      "problem(`{file} does not name this helper`, configureHint('docker'))",
      'does not name this helper$',
    ],
    [
      'warning(`{file} {stores}`, configurePodman)',
      'does not name this helper: podman login stores',
    ],
    ['problem(`no file names this helper ({own})`, configurePodman)', '^no file names this helper'],
    [
      'problem(`{what}; none of their own files names it ({own})`, configurePodman)',
      'as credsStore, which podman, buildah and skopeo do not read',
    ],
    [
      'warning(`{what}: none of its own files names this helper ({own})`, configurePodman)',
      '^podman pulls with \\S+config\\.json, but podman login stores',
    ],
    [
      'warning(what, `set {settingWith(last.names)} in {last.file}`)',
      'later\\.conf lists other helpers',
    ],
  ],
  'client-findings.ts': [
    ['failure(read)', 'is damaged \\(line 1'],
    ['problem(message, hint)', 'is not .*: .* (?:fails?|warning)$'],
    ['warning(message, hint)', 'is not .*: .* (?:fails?|warning)$'],
    [
      'plainPassword(file, key, command === undefined ? byHand : `run {command} && {again}`)',
      'a password for us\\.icr\\.io in plain',
    ],
    [
      'problem(`{file} has a password for {printable(key)} in plain text`, hint)',
      'a password for us\\.icr\\.io in plain',
    ],
    [
      'otherHelper(context, value, where, hint)',
      'and it is not on PATH$',
      '^another helper "pass" for us\\.icr\\.io, uk',
    ],
    ['warning(`no helper for {where}`, hint)', '^no helper for us\\.icr\\.io'],
    ['problem(`{what}, and it is not on PATH`, hint)', 'and it is not on PATH$'],
    ['warning(`another {what}`, hint)', '^another helper "pass" for us\\.icr\\.io, uk'],
    [
      "problem(what, `run sudo chown {uid} {others.map(shellQuoted).join(' ')}`)",
      { reason: "an other user's rights are needed" },
    ],
    ['warning(what, `run rm {shellQuoted(temporary)}`)', 'was left behind by a killed configure$'],
    ['problem(what, hint)', 'private\\.us\\.icr\\.io$'],
    ['warning(what, hint)', 'au\\.icr\\.io, br\\.icr\\.io'],
  ],
  'desktop-check.ts': [['warning(what, hint)', 'is a snap: it cannot run credential helpers']],
  'environment-checks.ts': [
    [
      'problem(`{name} is not set`, resetHome)',
      { reason: 'only without any home directory, as on Windows' },
    ],
    ['warning(what, resetHome)', 'but user 12345 owns HOME'],
    [
      'problem(`{name} is {directory}, {invalid}`, resetHome)',
      'which is a regular file, not a directory$',
    ],
    [
      'problem(`{directory} does not exist`, `run mkdir -p {shellQuoted(directory)}`)',
      'not there does not exist$',
    ],
    [
      'warning(what, `run chmod u+w {shellQuoted(directory)}`)',
      'other is read-only: nothing can be stored$',
    ],
    ['warning(what, hint)', 'other is read-only: nothing can be stored$'],
    ["problem(what, 'run docker-credential-icr login')", '^you are root through sudo'],
    [
      "warning('not set: rootless podman loses logins, or cannot store them', hint)",
      { reason: "an other user's rights are needed" },
    ],
    [
      'warning(`user {owner} owns {directory}, not you ({uid})`, hint)',
      '^user 12345 owns \\S+run, not you',
    ],
    [
      'warning(`XDG_RUNTIME_DIR is {directory}, {invalid}`, hint)',
      'which is a regular file, not a directory$',
    ],
    ['warning(`{directory} does not exist`, hint)', '^\\/nonexistent does not exist$'],
    ['warning(`{directory} is read-only`, hint)', 'run is read-only$'],
    [
      'invalidVariable(name, value, why)',
      '^REGISTRY_AUTH_FILE is auth\\.json',
      '^BUILDX_CONFIG is',
      'which is not an absolute path$',
    ],
    [
      'problem(`DOCKER_CONFIG is {directory}: clients do not expand ~`, set(meant))',
      'clients do not expand ~$',
    ],
    ['warning(what, set(path.resolve(directory)))', 'a relative path'],
    [
      'problem(`DOCKER_CONFIG is {directory}, {why}`, set(path.dirname(directory)))',
      'which is the name of the file in it$',
    ],
    ["invalidVariable('DOCKER_CONFIG', directory, invalid)", 'bin\\/sh, which is a regular file'],
    [
      "warning(`DOCKER_AUTH_CONFIG is set{what}`, 'run unset DOCKER_AUTH_CONFIG')",
      '^DOCKER_AUTH_CONFIG is set',
    ],
  ],
  'file-checks.ts': [
    ['problem(what, `run chmod -R go= {directoriesOf(open)}`)', '^other users can access'],
    ['problem(message, hint)', '^you cannot read'],
    ['warning(message, hint)', '^you cannot change'],
    [
      'problem(what, `run {sudo}chown -R {owner} {directoriesOf(others)}`)',
      '^user 12345 owns \\S+work\\.json',
    ],
    [
      "warning(`{what}: {files.join(', ')}`, `run rm {files.map(shellQuoted).join(' ')}`)",
      '^left behind by a killed process',
    ],
  ],
  'identity-checks.ts': [
    [
      'warning(what, `run docker-credential-icr api-key rotate {shellQuoted(name)}`)',
      '^a key rotation was interrupted',
    ],
    ['warning(what, `run {logoutCommand(name)}`)', 'may still be active in IAM$'],
    [
      'requestFailure(input, verification, hintFor(input.snapshot, name, login, verification))',
      '^IAM refused the API key',
    ],
  ],
  'network-checks.ts': [
    ['failure(probe)', 'refused through the proxy'],
    [
      "failure(probe, `run {isVariable ? 'unset IBMCLOUD_IAM_API_ENDPOINT' : reset}`)",
      '^cannot reach IAM at localhost:1',
    ],
    ['problem(message, hint)', "^60 min behind IAM's$"],
    ['warning(message, hint)', "^4 min ahead of IAM's$"],
    ["warning(what, 'run unset NODE_TLS_REJECT_UNAUTHORIZED')", '^NODE_TLS_REJECT_UNAUTHORIZED=0'],
    ['invalidVariable(name, place, why)', 'which contains no PEM certificate$'],
    ['problem(`{name} is {place}, which cannot be read`, hint)', 'which cannot be read$'],
  ],
  'path-problem.ts': [
    ['problem(`{found.entry} {found.what}`, `run {found.command}`)', 'is a dangling symlink$'],
    ['failure(error)', { reason: 'converts an error of a check' }],
    ['problem(`{name} is {value}, {why}`, `run unset {name}`)', '^BUILDX_CONFIG is'],
  ],
  'program-checks.ts': [
    ['problem(`{name} is not on PATH`, install)', '^docker-credential-icr is not on PATH$'],
    [
      'problem(what, `run chmod +x {shellQuoted(file)}`)',
      'docker-credential-icr is not executable$',
    ],
    ['problem(what, hint)', 'docker-credential-icr is a dangling symlink$'],
    [
      'problem(`{file} {found.problem}`, `run {moveAway(file)}`)',
      'is another program of that name$',
    ],
    ['warning(what, `run {moveAway(file)}`)', '^clients run \\S+ \\(0\\.0\\.1\\), not'],
    ['warning(`{file} {what}`, `run {moveAway(file)}`)', 'is a second copy'],
    [
      'problem(present.what, `run {moveAway(present.file)} && {configure}`)',
      'docker-credential-icr-work is not executable$',
    ],
    ['warning(`{name} is not on PATH`, `run {configure}`)', 'which is not on PATH$'],
    [
      'problem(`{where} names {name}, which is not on PATH`, `run {configure}`)',
      'which is not on PATH$',
    ],
    [
      'problem(`{file} is another program`, `run {moveAway(file)}`)',
      'docker-credential-icr-work is another program$',
    ],
    ['problem(`{name}: {message}`, hint)', 'identity dev does not exist$'],
    [
      'warning(`{name} is the credsStore, but has credentials for ICR hosts only`, hint)',
      'but has credentials for ICR hosts only$',
    ],
    [
      'warning(`{name} is not registered in a client`, `run {configure}`)',
      'is not registered in a client$',
    ],
  ],
  'registry-checks.ts': [
    ['problem(host.problem)', { reason: 'an argument of doctor, checked before' }],
    ["problem('signed out', endSignOutHint(input, key))", '^signed out$'],
    [
      "problem('not logged in', `run docker-credential-icr login {shellQuoted(name)}`)",
      '^not logged in$',
    ],
    ['problem(`{message}; {why}`, error.hint)', { reason: 'needs the network of IBM Cloud' }],
    ['failure(error)', { reason: 'the service is at fault' }],
    [
      'problem(reason === undefined ? message : `{message}: {reason}`, `run {command}`)',
      '^the registry refused user name iamapikey',
    ],
  ],
  'settings-checks.ts': [
    [
      "failureAt(input, settingsError, file, 'file')",
      'config\\.json is a directory, not a regular file$',
    ],
    ['problem(unusableMapping(key).message, hint)', '^the mapping of us\\.icr\\.io/,'],
    ['problem(what, mapAgain(identities, key))', 'names identity gone'],
    ['problem(`{host}: {fits.message}`, hint)', 'cannot be presented as cp'],
    [
      "failureAt(input, error, marks, 'directory')",
      { reason: 'the same finding as another check' },
    ],
    [
      'warning(`{host} is signed out`, endSignOutHint(input, host))',
      '^us\\.icr\\.io is signed out',
    ],
    ["problem('not logged in', loginHint(everyHost))", '^not logged in$'],
    ['problem(message, hint)', 'token for us\\.icr\\.io expired on'],
    ['warning(message, hint)', 'token for us\\.icr\\.io expires in'],
    [
      "failureAt(input, read, file || undefined, 'file')",
      { reason: 'the same finding as another check' },
    ],
    [
      "failure(read, `run rm {files.map(shellQuoted).join(' ')} && {login}`)",
      '^the stored credential of us\\.icr\\.io is damaged',
    ],
  ],
  'source-checks.ts': [
    ['requestFailure(input, said, hint)', '^IAM refused the API key'],
    ['failure(found, hint)', 'ibmcloud session in \\S+ has expired$'],
    [
      "problem('not logged in with the ibmcloud CLI', hint)",
      '^not logged in with the ibmcloud CLI$',
    ],
  ],
  'store-checks.ts': [
    [
      'problem(`{found}; it is the credsStore in {file}{why}`, removeStore(file))',
      'is not on PATH; ',
    ],
    [
      'problem(`{found}; it is the helper for other registries`, hint)',
      'it is the helper for other registries$',
    ],
    [
      'problem(found, `{repair(context, store)}; to start again, run {again}`)',
      '^docker-credential-gone is not on PATH$',
    ],
    [
      'warning(what, `run docker-credential-icr store move {shellQuoted(store)}`)',
      '^a store move was interrupted',
    ],
    ["warning(what, `run rm {paths.join(' ')}`)", '^files of unused secrets'],
  ],
  'verification.ts': [
    ['warning(line, hintFor(false))', 'expires in 13 days'],
    ['problem(text, hintFor(true))', '^expired on'],
    ['failure(error, isNetwork ? undefined : hint)', '^IAM refused the API key'],
  ],
};

const call =
  /(?<!\w|\w\.)(?<!function )(?:problem|warning|failure|failureAt|requestFailure|plainPassword|otherHelper|invalidVariable)\(/g;
/** They define and convert findings. */
const others = ['check.ts'];

/** Returns the calls with normalized white space. */
function callsIn(source: string): string[] {
  return [...source.matchAll(call)].map(({ index, 0: start }) => {
    let end = index + start.length;
    for (let depth = 1; depth > 0; end += 1) depth += { '(': 1, ')': -1 }[source[end] ?? ''] ?? 0;
    const text = source.slice(index, end).replace(/\s+/g, ' ');
    return text.replaceAll('( ', '(').replace(/,? \)/g, ')').replaceAll('$', '');
  });
}

test('each finding in the source is in the table', () => {
  const found = fs
    .readdirSync(checks)
    .filter((name) => !others.includes(name))
    .map((name) => [name, callsIn(fs.readFileSync(path.join(checks, name), 'utf8'))] as const)
    .filter(([, calls]) => calls.length > 0);
  const expected = Object.entries(findings).map(
    ([name, rows]) => [name, rows.map(([text]) => text)] as const,
  );
  assert.equal(Object.fromEntries(found), Object.fromEntries(expected));
});

test('each row of the table names a message of a test that runs fixes', () => {
  const tests = fs
    .readdirSync(integration)
    .filter((name) => name.startsWith('doctor-') && name.endsWith('.test.ts'))
    .map((name) => fs.readFileSync(path.join(integration, name), 'utf8'))
    .filter((text) => text.includes('expectFixed('))
    .join('\n');
  const missing = Object.values(findings)
    .flat()
    .filter(([, ...evidence]) =>
      evidence.some((each) => typeof each === 'string' && !tests.includes(each)),
    );
  assert.equal(missing, []);
});

test.run();
