import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import manifest from '../../../package.json' with { type: 'json' };
import {
  answer,
  answered,
  credential,
  helper,
  notFound,
  nothing,
  type Outcome,
  refused,
} from '../../support/helper.ts';
import { inHome } from '../../support/home.ts';

const test = suite('verbs');

const stored = credential('us.icr.io', 'iamapikey', 'canary-us');
const version = answered(
  `docker-credential-icr (IBM Cloud Container Registry) v${manifest.version}\n`,
);
const noServerURL = refused('no credentials server URL');
const noUsername = refused('no credentials username');

/** Calls in a home directory with a credential for us.icr.io. */
const rows: readonly [name: string, words: string | string[], input: string, Outcome][] = [
  ['get', 'get', 'us.icr.io', answered(answer('us.icr.io', 'iamapikey', 'canary-us'))],
  ['get of an unknown IBM host', 'get', 'de.icr.io', notFound],
  ['get of another registry', 'get', 'registry.example', notFound],
  ['get without input', 'get', '', noServerURL],
  ['get of an empty line', 'get', '\r\n', noServerURL],
  ['get of spaces', 'get', '  \t ', noServerURL],
  ['store without input', 'store', '', noServerURL],
  ['store of an empty line', 'store', '\n', noServerURL],
  ['store without a host', 'store', '{"Username":"iamapikey","Secret":"canary"}', noServerURL],
  ['store with an empty host', 'store', credential(''), noServerURL],
  ['store with a host of spaces', 'store', credential('  '), noServerURL],
  ['store without a user', 'store', '{"ServerURL":"us.icr.io","Secret":"canary"}', noUsername],
  ['store with an empty user', 'store', credential('us.icr.io', ''), noUsername],
  ['store', 'store', credential('de.icr.io'), nothing],
  ['store after a byte order mark', 'store', `\ufeff${credential('de.icr.io')}`, nothing],
  ['store with a line end', 'store', `${credential('de.icr.io')}\n`, nothing],
  [
    'store with Go’s JSON escapes',
    'store',
    '{"ServerURL":"de.icr.io","Username":"\\u003ctoken\\u003e","Secret":"canary","Other":[]}',
    nothing,
  ],
  ['erase', 'erase', 'us.icr.io', nothing],
  ['erase of an unknown host', 'erase', 'de.icr.io', nothing],
  ['erase of another registry', 'erase', 'registry.example', nothing],
  ['erase without input', 'erase', '', noServerURL],
  ['list', 'list', '', answered('{"us.icr.io":"iamapikey"}\n')],
  ['list with docker’s input', 'list', 'unused', answered('{"us.icr.io":"iamapikey"}\n')],
  ['version', 'version', '', version],
  ['--version', '--version', '', version],
  ['-v', '-v', '', version],
  ['version with input', 'version', 'us.icr.io', version],
  [
    'list with an additional argument',
    ['list', 'more'],
    '',
    answered('{"us.icr.io":"iamapikey"}\n'),
  ],
  [
    'get with an additional argument',
    ['get', 'us.icr.io'],
    'de.icr.io',
    {
      ...notFound,
      stderr:
        'docker-credential-icr: get reads a host from standard input\nhint: run echo us.icr.io | docker-credential-icr get\n',
    },
  ],
];

for (const [name, words, input, expected] of rows) {
  test(name, () =>
    inHome((home) => {
      assert.equal(helper(home, 'store', stored), nothing);
      assert.equal(helper(home, words, input), expected);
    }),
  );
}

test('list without credentials', () =>
  inHome((home) => assert.equal(helper(home, 'list'), answered('{}\n'))));

test('get still returns the credential after other verbs', () =>
  inHome((home) => {
    assert.equal(helper(home, 'store', stored), nothing);
    for (const verb of ['get', 'list', 'version', 'get']) helper(home, verb, 'us.icr.io');
    assert.is(
      helper(home, 'get', 'us.icr.io').stdout,
      answer('us.icr.io', 'iamapikey', 'canary-us'),
    );
  }));

test('a later store replaces an earlier one', () =>
  inHome((home) => {
    helper(home, 'store', stored);
    assert.equal(helper(home, 'store', credential('us.icr.io', 'iamapikey', 'canary-2')), nothing);
    assert.is(
      helper(home, 'get', 'us.icr.io').stdout,
      answer('us.icr.io', 'iamapikey', 'canary-2'),
    );
  }));

test.run();
