import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HelperError } from '../../src/errors.ts';
import { iamEndpoint } from '../../src/iam/endpoint.ts';
import { processContext } from '../../src/process-context.ts';

const endpoint = suite('IAM endpoint');

function withVariable(IBMCLOUD_IAM_API_ENDPOINT?: string) {
  return { ...processContext(), env: { IBMCLOUD_IAM_API_ENDPOINT } };
}

const good = [
  [undefined, 'https://iam.cloud.ibm.com'],
  ['', 'https://iam.cloud.ibm.com'],
  ['https://private.iam.cloud.ibm.com', 'https://private.iam.cloud.ibm.com'],
  [' https://iam.test.cloud.ibm.com/ ', 'https://iam.test.cloud.ibm.com'],
  ['HTTPS://IAM.Test.Cloud.IBM.com:443', 'https://iam.test.cloud.ibm.com'],
  ['iam.test.cloud.ibm.com', 'https://iam.test.cloud.ibm.com'],
  ['https://iam.cloud.ibm.com/identity', 'https://iam.cloud.ibm.com'],
  ['https://iam.cloud.ibm.com/identity/token/', 'https://iam.cloud.ibm.com'],
  ['https://gateway.example/iam/identity/token', 'https://gateway.example/iam'],
  ['https://gateway.example/myidentity', 'https://gateway.example/myidentity'],
  ['http://localhost:8080', 'http://localhost:8080'],
  ['http://127.0.0.1:8080/', 'http://127.0.0.1:8080'],
  ['http://127.8.8.8', 'http://127.8.8.8'],
  ['http://[::1]:8080', 'http://[::1]:8080'],
] as const;
for (const [text, expected] of good) {
  endpoint(`${JSON.stringify(text)} is ${expected}`, () => {
    assert.is(iamEndpoint(withVariable(text)), expected);
    if (text) assert.is(iamEndpoint(withVariable(), text), expected);
  });
}

const bad = [
  'http://iam.cloud.ibm.com',
  'http://127.0.0.1.evil.example',
  'http://localhost.evil.example',
  'http://localhost@evil.example',
  'https://me:canary@iam.cloud.ibm.com',
  'https://canary@iam.cloud.ibm.com',
  'ftp://iam.cloud.ibm.com',
  'https://',
  'https://iam.cloud.ibm.com?x=canary',
  'https://iam.cloud.ibm.com#canary',
  'https://iam.cloud\n.ibm.com',
  'file:///etc/passwd',
];
for (const text of bad) {
  endpoint(`${JSON.stringify(text)} is refused`, () => {
    try {
      iamEndpoint(withVariable(text));
    } catch (error) {
      assert.instance(error, HelperError);
      if (!(error instanceof HelperError)) return;
      assert.is(error.code, 'misconfigured');
      assert.match(error.message, /^IBMCLOUD_IAM_API_ENDPOINT /);
      assert.not.match(error.message, /canary|evil/);
      return;
    }
    assert.unreachable();
  });
}

endpoint('the environment variable takes precedence over the setting', () => {
  assert.is(
    iamEndpoint(withVariable('https://a.example'), 'https://b.example'),
    'https://a.example',
  );
});

endpoint.run();
