import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { sandboxSuite } from '../sandbox/suite.ts';
import { addIdentity, forEach, inCloud, newKey, refusal } from './identity-cloud.ts';

const test = sandboxSuite('a key where none belongs');

/** Arguments that contain an API key, which the error message must not repeat. */
const rows: readonly [words: string, status: number, line: RegExp][] = [
  ['KEY', 2, /^unknown command: …\nhint: see /],
  ['login KEY', 1, /^invalid host; expected `\*\.icr\.io`\n/],
  ['login us.icr.io KEY', 1, /^invalid host; expected `\*\.icr\.io`\n/],
  ['login --api-key KEY', 2, /^--api-key is not accepted: .*\nhint: use --api-key-stdin /],
  ['login --api-key=KEY', 2, /^--api-key is not accepted: /],
  ['login --password KEY', 2, /^--password is not accepted: /],
  ['login -p KEY', 2, /^-p is not accepted: /],
  ['login -pKEY', 2, /^-p is not accepted: /],
  ['login --api-key-stdin KEY', 1, /^invalid host; expected `\*\.icr\.io`\n/],
  ['login --api-key-file KEY', 1, /^cannot read the API key file \(ENOENT\)\n/],
  ['login --trusted-profile KEY', 1, /^invalid trusted profile ID; expected Profile-…\n/],
  ['logout KEY', 1, /^invalid host\n/],
  ['map us.icr.io KEY', 1, /^unknown identity; existing identities: work$/],
  ['map KEY work', 1, /^invalid host; expected `\*\.icr\.io`\n/],
  ['unmap KEY', 1, /^invalid host; expected `\*\.icr\.io`\n/],
  ['token KEY', 1, /^invalid host; expected `\*\.icr\.io`\n/],
  ['token us.icr.io KEY', 2, /^unknown argument: …\n/],
  ['exec KEY -- true', 1, /^invalid host; expected `\*\.icr\.io`\n/],
  ['status KEY', 1, /^invalid host/],
  ['settings KEY', 1, /^unknown setting\n/],
  ['settings ibmcloud-session KEY', 1, /^invalid value\n/],
  ['configure --client KEY', 2, /^invalid values: argument: client, given: "…"/],
  ['configure --client=KEY', 2, /^invalid values: argument: client, given: "…"/],
  ['map us.icr.io work --present KEY', 1, /^identity work cannot be presented as …\n/],
  ['token --identity KEY', 1, /^unknown identity\n/],
  ['api-key list --as KEY', 1, /^unknown identity\n/],
  ['api-key rotate KEY', 1, /^unknown identity\n/],
  ['store move KEY', 1, /^docker-credential-… is not on the PATH\n/],
  ['login --store KEY --api-key-stdin', 1, /^secrets are already stored in file store\n/],
  ['kubelet KEY', 1, /^cannot use the arguments of kubelet: Unexpected argument '…'\n/],
];

test('is not repeated in the error', ({ sandbox }) =>
  forEach(rows, ([words, status, line]) =>
    inCloud(sandbox, async (person) => {
      addIdentity(person, 'work');
      const outcome = await person.call(words.replace('KEY', newKey()), newKey());
      assert.is(outcome.status, status, `${words}: ${outcome.stderr}`);
      assert.match(outcome.stderr.replace('docker-credential-icr: ', '').trimEnd(), line);
      const hints = outcome.stderr.match(/^hint: /gm)?.length ?? 0;
      assert.is(outcome.stderr.split('\n').length, 2 + hints, 'one line and the hint');
      assert.is(outcome.stdout, '');
    }),
  ));

test('an error names an unknown argument, except if it may be a key', ({ sandbox }) =>
  inCloud(sandbox, async ({ call }) => {
    const told = async (words: string) => (await call(words)).stderr;
    assert.match(await told('statsu'), 'hint: try docker-credential-icr status');
    assert.match(await told('unmap us.icr.io de.icr.io'), 'unknown argument: de.icr.io\n');
    assert.match(await told('login --identiy work'), 'unknown option: --identiy\n');
    assert.match(await told('exec us.icr.io ls -- ls -la'), 'unknown argument: ls\n');
  }));

/** An empty variable in a script results in an empty argument, which must not mean all hosts. */
const missing: readonly [words: string, line: string, command: string][] = [
  ['configure --host', '--host needs a value', 'configure '],
  ['configure --remove --region', '--region needs a value', 'configure '],
  ['login --identity --no-verify', '--identity needs a value', 'login '],
  ['-- login --api-key-stdin', 'a command is missing before --', ''],
  ['-- get', 'a command is missing before --', ''],
  ['--', 'a command is missing before --', ''],
];

test('a missing argument is a usage error', ({ sandbox }) =>
  forEach(missing, ([words, line, command]) =>
    inCloud(sandbox, async ({ call, home }) => {
      const { stdout, stderr, status } = await call(words, newKey());
      const hint = `see docker-credential-icr ${command}--help`;
      const said = `docker-credential-icr: ${line}\nhint: ${hint}\n`;
      assert.equal([stdout, stderr, status], ['', said, 2]);
      assert.not.ok(fs.existsSync(path.join(home.folder, '.docker')));
    }),
  ));

test('an option has one value', ({ sandbox }) =>
  inCloud(sandbox, async ({ call }) => {
    const hint = 'run docker-credential-icr login us.icr.io';
    assert.equal(
      await call('kubernetes secret --host us.icr.io icr'),
      refusal('no credential for us.icr.io', hint),
    );
  }));

test('a protocol verb with -h: prints the help and changes nothing', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    addIdentity(person, 'work');
    await person.say('map us.icr.io work');
    assert.match(await person.say('erase -h', 'us.icr.io'), 'docker-credential-icr COMMAND');
    assert.ok((await person.get('us.icr.io')).secret);
  }));

/** Arguments that could be parsed as numbers. */
const numbers = ['007', '1e3', '0x10', '1.0', '-1'];

test('an argument that looks like a number is not converted', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const secret = addIdentity(person, '1e3');
    await person.say('map us.icr.io 1e3');
    assert.is((await person.get('us.icr.io')).secret, secret);
    const words = `exec us.icr.io -- echo ${numbers.join(' ')}`;
    assert.is(await person.say(words), `${numbers.join(' ')}\n`);
  }));

test.run();
