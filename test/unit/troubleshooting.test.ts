import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

// docs/troubleshooting.md is searched by the text of a message, so each heading must be a text that the program prints.

const test = suite('docs/troubleshooting.md');

const root = path.join(import.meta.dirname, '../..');
const page = fs.readFileSync(path.join(root, 'docs/troubleshooting.md'), 'utf8');
const source = sourceText(path.join(root, 'src'));

/** Returns the source without comments, and without `$` of templates. */
function sourceText(directory: string): string {
  const files = fs.readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => fs.readFileSync(path.join(directory, file), 'utf8'))
    .join('\n')
    .replace(/\/\*\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '')
    .replaceAll('${', '{');
}

/** The parts of the messages as they are in the source, without `$` of templates, by heading. */
const messages: Readonly<Record<string, readonly string[]>> = {
  '`credentials not found in native keychain`': ['credentials not found in native keychain'],
  '`no credential for HOST`, `HOST: not logged in`, `no host has a credential`': [
    'no credential for {host}',
    '{name}: not logged in',
    'no host has a credential',
  ],
  '`the registry refused user name iamapikey (UNAUTHORIZED: …)`': [
    "'the registry'",
    '{options.service} refused {options.owner}',
    'user name {shownName(Username)}',
  ],
  "`cannot ask for the IBM Cloud API key without a terminal`, `no terminal to confirm changes of clients' files`":
    [
      'cannot ask for the {name} without a terminal',
      "'IBM Cloud API key'",
      "no terminal to confirm changes of clients' files",
    ],
  '``invalid host; expected `*.icr.io` ``, `HOST is not a host of IBM Cloud Container Registry`': [
    'invalid host; expected `*.icr.io`',
    '{host.name} is not a host of IBM Cloud Container Registry',
  ],
  '`IAM refused the API key of identity NAME (BXNIM0415E: Provided API key could not be found.)`': [
    '{options.service} refused {options.owner} ({error})',
    "the {kind === 'api-key' ? 'API key' : 'refresh token'} of identity {name}",
  ],
  '`API key … is locked and cannot be deleted`': [' is locked and cannot be deleted'],
  '`identity NAME uses the new key, but not all copies contain it: …`': [
    'identity {identity} uses the new key, {missing}',
    'but not all copies contain it',
  ],
  '`… does not contain the API key`': ['{copy.target} does not contain the API key'],
  '`other users can access FILE (mode …)`': ['other users can access {file} (mode '],
  '`API key … expired on DATE, and the new key would expire with it`': [
    ' expired on {dateOf(old.expiresAt)}, and the new key would expire with it',
  ],
  '`IAM refused the refresh token of identity NAME (BXNIM0408E: …)`': [
    '{options.service} refused {options.owner} ({error})',
    "the {kind === 'api-key' ? 'API key' : 'refresh token'} of identity {name}",
  ],
  '`the API key of identity NAME expires in …`': ['expires in {duration(leftMs)}'],
  '`IAM does not redirect the browser to this machine; use a one-time passcode instead`': [
    'IAM does not redirect the browser to this machine',
    '{error.message}; use a one-time passcode instead',
  ],
  '`the sign-in was not completed within 5 minutes`': [
    'the sign-in was not completed within 5 minutes',
  ],
  '`cannot reach IAM at iam.cloud.ibm.com: …`, `IAM at … did not answer in time`': [
    'cannot reach {name}: {error.message}',
    '{name} did not answer in time',
  ],
  '`IAM at … answered 429 …`': ['{name} answered {answered}'],
  '`…; the cached access token of NAME expires in …`': [
    '; the cached access token of {name} expires in ',
  ],
  '`the access token of NAME expires in …; IAM issues none with the minimum lifetime of …`': [
    'the access token of {name} expires in ',
    '; IAM issues none with the minimum lifetime of ',
  ],
  '`--min-lifetime is for access tokens, but identity NAME is presented as iamapikey`': [
    '--min-lifetime is for access tokens, but identity {name} is presented as {username}',
  ],
  '`identity NAME cannot be presented as …`': [
    'identity {name} cannot be presented as {shownName(present)}',
  ],
  '`secrets are already stored in …`': ['secrets are already stored in '],
  '`the access log is off`': ['the access log is off'],
  '`iamEndpoint in …/config.json is not used: …`': ['iamEndpoint in {file} is not used: {reason}'],
  '`the settings in …/config.json are damaged`': ['the settings in {file} are damaged'],
  '`no configuration directory`': ['no configuration directory'],
  '`IBMCLOUD_API_KEY starts or ends with a quotation mark`, `… contains a reference to NAME that was not expanded`':
    ['starts or ends with a quotation mark', ' that was not expanded'],
  '`… is on a read-only file system or mount`, `… cannot be replaced`': [
    '{file} is on a read-only file system or mount',
    'cannot be replaced',
  ],
  '`HOST has helper "…" and was not changed`': [
    'helper "{printable(value)}"',
    '{host} has {other} and was not changed',
  ],
  '`auths has a password for HOST in plain text`': [
    'auths has a password for {printable(key)} in plain text',
  ],
  '`credsStore is "…", but docker-credential-… is not on PATH: docker build fails`': [
    'credsStore is "{printable(store)}", but {program} is not on PATH: docker build fails',
  ],
  '`docker-credential-icr is not on PATH, so clients cannot run it`': [
    '{name} is not on PATH, so clients cannot run it',
  ],
  '`… is owned by user NAME, not by user NAME`, `root does not write to … of user NAME`': [
    '{file} is owned by {owner}, not by ',
    'root does not write to {directory} of {owner}',
  ],
  '`cannot follow the symlink …`': ['cannot follow the symlink {link}'],
  '`… is a FIFO, not a regular file`, `… is a symlink, not a directory`': [
    ', not a regular file',
    ', not a directory',
    "'a FIFO'",
    "'a symlink'",
  ],
  '`the stored credential of NAME is damaged`': ['the stored credential of {name} is damaged'],
  '`the secret of identity NAME is missing`': ['the secret of identity {name} is missing'],
  '`KEYCHAIN has no secret for identity NAME`': ['{store} has no secret for identity {name}'],
  '`other users could read …; its mode is now 0600`': [
    'other users could read {file}; its mode is now 0600',
  ],
  '`HOST still uses identity NAME; this credential was not stored`': [
    '{name} still uses identity {identity}; this credential was not stored',
  ],
  '`this is not an API key; cp.icr.io accepts entitlement keys only`': [
    'this is not an API key; {entitledRegistry} accepts entitlement keys only',
  ],
  '`identity NAME does not exist`': ['identity {name} does not exist'],
  '`docker-credential-NAME did not answer within 5 s`': ['did not answer within '],
  '`docker-credential-NAME is not on the PATH`': [
    'docker-credential-{shownName(name)} is not on the PATH',
  ],
  '`credential helper loop: docker-credential-NAME calls docker-credential-icr`': [
    'credential helper loop: docker-credential-{name} calls docker-credential-icr',
  ],
  '`the ibmcloud session in … has expired`': ['the ibmcloud session in {file} has expired'],
};

/** Headings that describe a problem, with a text of another program. */
const described = [
  'The helper is killed by a signal or prints `panic` in a sandbox without `/proc`',
];

const section = /^## Errors of the helper\n([\s\S]*?)^## /m.exec(page)?.[1] ?? '';
const headings = [...section.matchAll(/^### (.*)$/gm)].map(([, heading = '']) => heading);

test('has a message in the source for each heading', () => {
  assert.equal(
    headings.filter((heading) => !described.includes(heading)).sort(),
    Object.keys(messages).sort(),
  );
});

for (const [heading, parts] of Object.entries(messages)) {
  test(heading, () => {
    for (const part of parts) {
      assert.ok(source.includes(part), `not in src: ${part}`);
      const words = part.replace(/^'|'$/g, '').split(/\{[^}]*\}/);
      for (const word of words) assert.ok(heading.includes(word.trim()), `not in heading: ${word}`);
    }
  });
}

test.run();
