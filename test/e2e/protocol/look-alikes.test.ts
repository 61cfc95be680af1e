import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { credential, helper } from '../../support/helper.ts';
import { type Home, inHome, writeConfig, writeIdentity } from '../../support/home.ts';

const test = suite('look-alike hosts');

const lookAlikes = [
  'icr.io.evil.example',
  'us.icr.io.evil.example',
  'us.icr.io.evil.example:443',
  'evilicr.io',
  'us-icr.io',
  'usicr.io',
  'icr.io-evil.example',
  'icr.iox',
  'icr.i',
  'icr.io.io',
  'xicr.io',
  'icrxio',
  'us.icr-io',
  'io',
  'icr',
  'evil.example',
  'evil.example:443/us.icr.io',
  'https://evil.example/.icr.io',
  'https://evil.example/us.icr.io',
  'https://evil.example?.icr.io',
  'https://evil.example#.icr.io',
  'https://evil.example?us.icr.io/',
  'https://evil.example/https://us.icr.io',
  'https://evil.example//us.icr.io',
  'evil.example/@us.icr.io',
  'evil.example#@us.icr.io',
  'icr.io:x@evil.example',
  'us.icr.io@evil.example',
  'https://us.icr.io:443@evil.example/',
  'https://us.icr.io%40evil.example',
  'https://evil.example@us.icr.io',
  'https://us.icr.io\\@evil.example',
  'us.icr.io\\.evil.example',
  'https:\\\\us.icr.io',
  'evil.example\\us.icr.io',
  'https://evil.example\\.icr.io',
  'us%2eicr%2eio',
  'us%2Eicr.io',
  'evil.example%2f.icr.io',
  'evil.example%00.icr.io',
  'evil.example%23.icr.io',
  'evil.example\0.icr.io',
  'evil.example .icr.io',
  'evil.example\t.icr.io',
  'evil.example\n.icr.io',
  'us.icr.io\nevil.example',
  'us.icr.io evil.example',
  // Full-width letters, ideographic full stop, Cyrillic, Kelvin sign, dotless i, soft hyphen, zero-width space.
  'us.ｉｃｒ.io',
  'us。icr。io',
  'us．icr．io',
  'us.іcr.io',
  'us.icr.iо',
  'us.ıcr.io',
  'us.ic\u00adr.io',
  'us.icr\u200b.io',
  'us\u2024icr.io',
  'İcr.io',
  'ⅰcr.io',
  'xn--us-icr.io',
  'us.xn--icr-io',
  'http:us.icr.io',
  'https:/us.icr.io',
  'https:us.icr.io',
  '//us.icr.io',
  'file:///us.icr.io',
  'file://us.icr.io',
  'ftp://us.icr.io',
  'oci://us.icr.io',
  'docker://us.icr.io',
  'javascript://us.icr.io',
  'javascript://us.icr.io/%0aalert(1)',
  'oci+https://us.icr.io',
  'http://',
  'us.icr.io?',
  'us.icr.io#',
  'us.icr.io?x=1',
  'us.icr.io?@evil.example',
  'us.icr.io#@evil.example',
  'us.icr.io/?@evil.example',
  'us.icr.io/../evil.example',
  'us.icr.io/%2e%2e/evil.example',
  'us.icr.io/\\evil.example',
  '[us.icr.io]',
  '[::1].icr.io',
  '{us.icr.io}',
  '"us.icr.io"',
  'us.icr.io,evil.example',
  'us.icr.io;evil.example',
  'us.icr.io|evil.example',
  '..icr.io',
  '.icr.io',
  'us..icr.io',
  '*.icr.io',
  'mybluemix.net',
  'registry.mybluemix.net',
  'registry.bluemix.net.evil.example',
  'evilregistry.bluemix.net',
  'evil.bluemix.net',
  'registry-bluemix.net',
  'registry.evil.bluemix.net',
  'registry.a.b.bluemix.net',
  'registry.us-south.bluemix.net',
  'registry.xbluemix.net',
  'https://index.docker.io/v1/',
  'docker.io',
  '127.0.0.1',
  '[::1]:5000',
  'localhost',
];

const secrets = {
  DOCKER_CREDENTIAL_ICR_API_KEY: 'canary-own',
  IBMCLOUD_API_KEY: 'canary-ibmcloud',
  BLUEMIX_API_KEY: 'canary-bluemix',
  IC_API_KEY: 'canary-ic',
};

/** Calls `use` in a home directory with all sources of credentials for IBM's hosts. */
function inHomeThatAnswers(use: (home: Home) => void): Promise<void> {
  return inHome((home) => {
    writeIdentity(home, 'canary-identity');
    for (const host of ['us.icr.io', 'icr.io', 'registry.bluemix.net']) {
      writeConfig(home, `hosts/${host}.json`, credential(host, 'iamapikey', 'canary-stored'));
    }
    use(home);
  });
}

const debugged = { ...secrets, DOCKER_CREDENTIAL_ICR_DEBUG: '1' };

for (const lookAlike of lookAlikes) {
  test(`get: returns no credential for ${JSON.stringify(lookAlike)}`, () =>
    inHomeThatAnswers((home) => {
      for (const env of [{}, debugged]) {
        const { stdout, stderr, status } = helper(home, 'get', lookAlike, { env });
        assert.is(status, 1);
        assert.not.match(stdout + stderr, 'canary');
        assert.match(
          stdout,
          /^(credentials not found in native keychain|invalid ServerURL: .*)\n$/,
        );
      }
    }));
}

test('control: get returns a credential for IBM’s hosts in the same home directory', () =>
  inHomeThatAnswers((home) => {
    for (const host of ['icr.io', 'a.b.icr.io', 'us.icr.io:5000', 'registry.eu-gb.bluemix.net']) {
      assert.match(helper(home, 'get', host).stdout, '"Secret":"canary-identity"');
      assert.match(helper(home, 'get', host, { env: secrets }).stdout, '"Secret":"canary-own"');
    }
  }));

test('store: a credential for a look-alike host is used for this host only', () =>
  inHomeThatAnswers((home) => {
    helper(home, 'store', credential('icr.io.evil.example', 'u', 'evil'));
    assert.match(helper(home, 'get', 'icr.io.evil.example').stdout, '"Secret":"evil"');
    assert.match(helper(home, 'get', 'icr.io').stdout, '"Secret":"canary-identity"');
    helper(home, 'erase', 'icr.io.evil.example');
    assert.match(helper(home, 'get', 'icr.io').stdout, '"Secret":"canary-identity"');
  }));

test.run();
