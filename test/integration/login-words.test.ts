import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { sandboxSuite } from '../sandbox/suite.ts';
import { addIdentity, forEach, inCloud, newKey, refusal } from './identity-cloud.ts';

const test = sandboxSuite('a key where none belongs');

/** Each with a key somewhere in it; the one who typed it is told what is wrong, but never the key. */
const rows: readonly [words: string, status: number, line: RegExp][] = [
  ['KEY', 2, /^unknown argument: …;/],
  ['login KEY', 1, /^a word that was typed is not a host of IBM/],
  ['login us.icr.io KEY', 1, /^a word that was typed is not a host of IBM/],
  ['login --api-key KEY', 2, /^unknown arguments: api-key, apikey;/],
  ['login --api-key=KEY', 2, /^unknown arguments: api-key, apikey;/],
  ['login --password KEY', 2, /^unknown argument: password;/],
  ['login -p KEY', 2, /^unknown argument: p;/],
  ['login -pKEY', 2, /^unknown option -p;/],
  ['login --api-key-stdin KEY', 1, /^a word that was typed is not a host of IBM/],
  ['login --api-key-file KEY', 1, /^cannot read the file that was named \(ENOENT\); check it$/],
  ['login --trusted-profile KEY', 1, /^the ID of a trusted profile looks like/],
  ['logout KEY', 1, /^a word that was typed is not a host of IBM/],
  ['map us.icr.io KEY', 1, /^there is no such identity; there are: work$/],
  ['map KEY work', 1, /^a word that was typed is not a host of IBM/],
  ['unmap KEY', 1, /^a word that was typed is not a host of IBM/],
  ['token KEY', 1, /^a word that was typed is not a host of IBM/],
  ['token us.icr.io KEY', 2, /^unknown argument: …;/],
  ['exec KEY -- true', 1, /^a word that was typed is not a host of IBM/],
  ['status KEY', 2, /^unknown argument: …;/],
  ['settings KEY', 1, /^there are settings /],
  ['settings ibmcloud-session KEY', 1, /^the value is on or off$/],
  ['configure --client KEY', 2, /^invalid values: argument: client, given: "…"/],
];

test('is told to nobody again', ({ sandbox }) =>
  forEach(rows, ([words, status, line]) =>
    inCloud(sandbox, async (person) => {
      addIdentity(person, 'work');
      const outcome = await person.call(words.replace('KEY', newKey()), newKey());
      assert.is(outcome.status, status, `${words}: ${outcome.stderr}`);
      assert.match(outcome.stderr.replace('docker-credential-icr: ', '').trimEnd(), line);
      assert.is(outcome.stderr.split('\n').length, 2, 'one line');
      assert.is(outcome.stdout, '');
    }),
  ));

test('what was typed by mistake is named, as long as it is no key', ({ sandbox }) =>
  inCloud(sandbox, async ({ call }) => {
    const told = async (words: string) => (await call(words)).stderr;
    assert.match(await told('statsu'), 'did you mean status?;');
    assert.match(await told('status de.icr.io'), 'unknown argument: de.icr.io;');
    assert.match(await told('login --identiy work'), 'unknown argument: identiy;');
    assert.match(await told('exec us.icr.io ls -- ls -la'), 'unknown argument: ls;');
  }));

/** Where a variable was empty in somebody's script: nothing may be done to every host instead, or done in silence. */
const missing: readonly [words: string, line: string][] = [
  ['configure --host', '--host needs a value'],
  ['configure --remove --region', '--region needs a value'],
  ['login --identity --no-verify', '--identity needs a value'],
  ['-- login --api-key-stdin', 'a command is missing before --'],
  ['-- get', 'a command is missing before --'],
  ['--', 'a command is missing'],
];

test('a word that is missing is asked for', ({ sandbox }) =>
  forEach(missing, ([words, line]) =>
    inCloud(sandbox, async ({ call, home }) => {
      const { stdout, stderr, status } = await call(words, newKey());
      const said = `docker-credential-icr: ${line}; see docker-credential-icr --help\n`;
      assert.equal([stdout, stderr, status], ['', said, 2]);
      assert.not.ok(fs.existsSync(path.join(home.folder, '.docker')));
    }),
  ));

test('an option takes one word', ({ sandbox }) =>
  inCloud(sandbox, async ({ call }) => {
    const line = 'nothing answers for us.icr.io; run docker-credential-icr login us.icr.io';
    assert.equal(await call('kubernetes secret --host us.icr.io icr'), refusal(line));
  }));

test('a verb with -h is for people: nothing is done', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    addIdentity(person, 'work');
    await person.say('map us.icr.io work');
    assert.match(await person.say('erase -h', 'us.icr.io'), 'docker-credential-icr COMMAND');
    assert.ok((await person.get('us.icr.io')).secret);
  }));

/** Words that some would read as numbers. */
const numbers = ['007', '1e3', '0x10', '1.0', '-1'];

test('a word that looks like a number stays as it was typed', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const secret = addIdentity(person, '1e3');
    await person.say('map us.icr.io 1e3');
    assert.is((await person.get('us.icr.io')).secret, secret);
    const words = `exec us.icr.io -- echo ${numbers.join(' ')}`;
    assert.is(await person.say(words), `${numbers.join(' ')}\n`);
  }));

test.run();
