import axios from 'axios';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ConnectionError, connectionError } from '../../src/http/connection-error.ts';

const test = suite('connection error');

const proxy = ' (through the proxy proxy.example:3128)';
const rows: readonly (readonly [code: string, through: string, hint: RegExp | undefined])[] = [
  ['ENOTFOUND', '', /^check the host name and your DNS server, or set HTTPS_PROXY /],
  ['ENETUNREACH', '', /^check your network connection, or set HTTPS_PROXY /],
  ['EHOSTUNREACH', '', /^check your network connection, or set HTTPS_PROXY /],
  ['EPROTO', '', /^check that address$/],
  ['ENOTFOUND', proxy, /^check HTTPS_PROXY/],
  ['UNABLE_TO_GET_ISSUER_CERT', '', /^set NODE_EXTRA_CA_CERTS /],
  // These are retried; the hint is then to try again later.
  ['ECONNREFUSED', '', undefined],
  ['EAI_AGAIN', '', undefined],
];

for (const [code, through, hint] of rows) {
  test(`${code}${through}: the hint is ${hint}`, () => {
    const error = connectionError(new axios.AxiosError('canary', code), through);
    assert.instance(error, ConnectionError);
    const { details, isTransient } = error as ConnectionError;
    if (hint === undefined) assert.equal([details.hint, isTransient], [undefined, true]);
    else assert.match(String(details.hint), hint);
  });
}

for (const [code, hint] of [
  ['ENOTFOUND', 'check the host name and your DNS server'],
  ['EHOSTUNREACH', 'check your network connection'],
  [
    'SELF_SIGNED_CERT_IN_CHAIN',
    'check that address; only the certificate authority of that service is trusted',
  ],
] as const) {
  test(`${code} without a proxy and with an own authority: the hint names neither variable`, () => {
    const fixed = { direct: true, authority: 'PEM' };
    const error = connectionError(new axios.AxiosError('canary', code), '', fixed);
    assert.is((error as ConnectionError).details.hint, hint);
  });
}

test('a truncated answer: is retried, without a hint of its own', () => {
  const cause = new axios.AxiosError('canary', axios.AxiosError.ERR_BAD_RESPONSE);
  const config = { headers: new axios.AxiosHeaders() };
  cause.response = { data: '', status: 200, statusText: '', headers: {}, config };
  const error = connectionError(cause, '');
  const { details, isTransient } = error as ConnectionError;
  assert.equal([details, isTransient], [{}, true]);
});

test.run();
