import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { proxyFor } from '../../src/http/proxy.ts';
import { processContext } from '../../src/process-context.ts';

const proxies = suite('proxy for IAM');

const iam = 'https://iam.cloud.ibm.com/identity/token';
const proxy = { protocol: 'http', host: 'proxy.example', port: 3128 };

function way(env: Record<string, string>, url: string = iam) {
  return proxyFor({ ...processContext(), env }, new URL(url));
}

const settings = [
  ['http://proxy.example:3128', proxy],
  ['proxy.example:3128', proxy],
  ['http://proxy.example', { ...proxy, port: 80 }],
  ['https://proxy.example', { ...proxy, protocol: 'https', port: 443 }],
  [
    'http://me:can%40ary@proxy.example:3128/',
    { ...proxy, auth: { username: 'me', password: 'can@ary' } },
  ],
  ['http://me:50%@proxy.example:3128', { ...proxy, auth: { username: 'me', password: '50%' } }],
  ['', undefined],
] as const;
for (const [HTTPS_PROXY, expected] of settings) {
  proxies(`HTTPS_PROXY=${HTTPS_PROXY}`, () => {
    assert.equal(way({ HTTPS_PROXY }), expected);
    assert.equal(way({ https_proxy: HTTPS_PROXY }), expected);
  });
}

const exemptions = [
  ['*', iam, true],
  ['ibm.com', iam, true],
  ['.ibm.com', iam, true],
  ['*.ibm.com', iam, true],
  ['IAM.cloud.IBM.com', iam, true],
  ['iam.cloud.ibm.com:443', iam, true],
  ['iam.cloud.ibm.com:8443', iam, false],
  ['.iam.cloud.ibm.com', iam, false],
  ['m.com', iam, false],
  ['a.example, cloud.ibm.com', iam, true],
  ['a.example cloud.ibm.com', iam, true],
  ['10.0.0.0/8', 'https://10.1.2.3/', true],
  ['10.0.0.0/8', 'https://11.1.2.3/', false],
  ['10.0.0.0/99', 'https://10.1.2.3/', false],
  ['10.0.0.0/', 'https://11.1.2.3/', false],
  ['0.0.0.0/0', 'https://11.1.2.3/', true],
  ['10.0.0.0/0x8', 'https://10.1.2.3/', false],
  ['10.0.0.0/8', iam, false],
  ['fd00::/8', 'https://[fd00::1]/', true],
  ['[fd00::1]:443', 'https://[fd00::1]/', true],
  ['10.1.2.3', 'https://10.1.2.3/', true],
] as const;
for (const [NO_PROXY, url, direct] of exemptions) {
  proxies(`NO_PROXY=${NO_PROXY} for ${url}`, () => {
    const env = { HTTPS_PROXY: 'http://proxy.example:3128' };
    assert.equal(way({ ...env, NO_PROXY }, url), direct ? undefined : proxy);
    assert.equal(way({ ...env, no_proxy: NO_PROXY }, url), direct ? undefined : proxy);
  });
}

for (const url of ['https://localhost:1/', 'https://127.0.0.2/', 'https://[::1]/']) {
  proxies(`${url} does not use a proxy`, () => {
    assert.is(way({ HTTPS_PROXY: 'http://proxy.example:3128' }, url), undefined);
  });
}

for (const setting of ['socks5://me:canary@proxy.example', 'http://', 'http://me:canary@:1']) {
  proxies(`HTTPS_PROXY=${setting} is refused and not repeated in the error`, () => {
    assert.throws(
      () => way({ HTTPS_PROXY: setting }),
      (error: Error) => /^HTTPS_PROXY is not/.test(error.message) && !/canary/.test(error.message),
    );
  });
}

proxies.run();
