import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import * as assert from 'uvu/assert';
import type { Fault } from '../sandbox/faults.ts';
import { writeConfig } from '../support/home.ts';
import {
  apiKey,
  type ProblemRow as Case,
  doctorSuite,
  type Expected,
  expectFixed,
  findingIn,
  type Machine,
  onMachine,
  writeProgram,
} from './doctor-world.ts';

const test = doctorSuite('doctor: the network');

const cases: readonly Case[] = [
  [
    'an unreachable IAM in the environment',
    ({ env }) => {
      env.IBMCLOUD_IAM_API_ENDPOINT = 'https://localhost:1';
    },
    'IAM',
    'error',
    /^cannot reach IAM at localhost:1: the connection was refused$/,
  ],
  [
    'an invalid IAM address in the environment',
    ({ env }) => {
      env.IBMCLOUD_IAM_API_ENDPOINT = 'http://iam.cloud.ibm.com';
    },
    'IAM',
    'error',
    /^IBMCLOUD_IAM_API_ENDPOINT is not an https:\/\/ address/,
  ],
  [
    'an unreachable IAM in the settings',
    ({ home }) => {
      const file = path.join(home.config, 'config.json');
      const settings = JSON.parse(fs.readFileSync(file, 'utf8'));
      const iamEndpoint = 'https://localhost:1';
      writeConfig(home, 'config.json', JSON.stringify({ ...settings, iamEndpoint }));
    },
    'IAM',
    'error',
    /^cannot reach IAM at localhost:1/,
  ],
  [
    'an invalid proxy address',
    ({ env, sandbox }) => {
      // Requests to this machine never use a proxy.
      env.IBMCLOUD_IAM_API_ENDPOINT = sandbox.iamUrl;
      env.HTTPS_PROXY = 'socks5://me:canary@proxy.example';
    },
    'proxy',
    'error',
    /^HTTPS_PROXY is not the address of an HTTP proxy/,
  ],
  [
    'a certificate file that does not exist',
    ({ env }) => {
      env.SSL_CERT_FILE = '/nonexistent/ca.pem';
    },
    'certificates',
    'error',
    /^SSL_CERT_FILE is \/nonexistent\/ca\.pem, which does not exist$/,
  ],
  [
    'a certificate file without certificates',
    ({ env, dockerFile }) => {
      env.SSL_CERT_FILE = dockerFile;
    },
    'certificates',
    'error',
    /config\.json, which contains no PEM certificate$/,
  ],
  [
    'a certificate directory that is a regular file',
    ({ env, dockerFile }) => {
      env.SSL_CERT_DIR = dockerFile;
    },
    'certificates',
    'error',
    /config\.json, which is not a directory$/,
  ],
  [
    'disabled certificate verification',
    ({ env }) => {
      env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    },
    'certificates',
    'warning',
    /^NODE_TLS_REJECT_UNAUTHORIZED=0 is ignored here/,
  ],
];

for (const [what, create, check, state, message] of cases) {
  test(what, (given) =>
    onMachine(given, async (machine) => {
      create(machine);
      const by = check === 'proxy' ? 'unset HTTPS_PROXY' : undefined;
      await expectFixed(machine, { check, state, message }, { by });
    }),
  );
}

test('an invalid IAM address does not affect the check of the proxy', (given) =>
  onMachine(given, async ({ env, doctor }) => {
    env.IBMCLOUD_IAM_API_ENDPOINT = 'http://iam.example';
    const message = /^icr\.io through 127\.0\.0\.1:\d+$/;
    assert.ok(findingIn(await doctor(), { check: 'proxy', state: 'ok', message }));
  }));

test('an unreachable proxy', (given) =>
  onMachine(given, async ({ env, doctor, fixAndDiagnose }) => {
    // A reserved domain name: without a proxy it does not resolve, so no real server gets a request.
    env.IBMCLOUD_IAM_API_ENDPOINT = 'https://iam.invalid';
    env.HTTPS_PROXY = 'http://me:canary@127.0.0.1:1';
    const message = /refused through the proxy 127\.0\.0\.1:1$/;
    const expected: Expected = { check: 'IAM', state: 'error', message };
    const found = findingIn(await doctor(), expected);
    assert.is(found?.hint, 'check HTTPS_PROXY, or unset it');
    assert.is(findingIn(await fixAndDiagnose('unset HTTPS_PROXY'), expected), undefined);
  }));

test('an HTML page instead of IAM', (given) =>
  onMachine(given, async ({ doctor, sandbox }) => {
    sandbox.faults.add('iam', { kind: 'not-json', times: 'forever' });
    const message = /^IAM at iam\.cloud\.ibm\.com answered 200 with something that is not a JSON/;
    assert.ok(findingIn(await doctor(), { check: 'IAM', state: 'error', message }));
  }));

test('a proxy that requires a password', (given) =>
  onMachine(given, async (machine) => {
    const inner = new URL(String(machine.env.HTTPS_PROXY));
    const proxy = net.createServer((client) => {
      client.on('error', () => {});
      client.once('data', (head) => {
        if (!String(head).includes(btoa('jane:word'))) {
          client.end('HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n');
          return;
        }
        const upstream = net.connect(Number(inner.port), inner.hostname, () =>
          upstream.write(head),
        );
        upstream.on('error', () => client.destroy());
        upstream.pipe(client).pipe(upstream);
      });
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    machine.env.HTTPS_PROXY = `127.0.0.1:${(proxy.address() as net.AddressInfo).port}`;
    try {
      await expectFixed(
        machine,
        {
          check: 'IAM',
          state: 'error',
          message: /^the proxy for IAM .* requires a password/,
        },
        { by: `export HTTPS_PROXY=http://jane:word@${machine.env.HTTPS_PROXY}` },
      );
    } finally {
      proxy.close();
    }
  }));

test('an untrusted certificate authority', (given) =>
  onMachine(given, async (machine) => {
    const { caFile } = machine.sandbox;
    machine.env.NODE_EXTRA_CA_CERTS = undefined;
    machine.env.SSL_CERT_FILE = undefined;
    await expectFixed(
      machine,
      { check: 'IAM', state: 'error', message: /its certificate is not trusted/ },
      { by: `export NODE_EXTRA_CA_CERTS=${caFile}` },
    );
  }));

test('reports an unreachable IAM once', (given) =>
  onMachine(given, async (machine) => {
    const fault: Fault = { kind: 'drop', times: 'forever' };
    machine.sandbox.faults.add('iam', fault);
    machine.env.IC_API_KEY = apiKey;
    const { checks, status } = await machine.doctor();
    assert.is(status, 1);
    assert.equal(
      checks.filter(({ state }) => state === 'error').map(({ name }) => name),
      ['IAM'],
    );
    const skipped = checks.filter(({ state }) => state === 'skipped').map(({ name }) => name);
    for (const name of ['clock', 'identity work', 'IC_API_KEY']) assert.ok(skipped.includes(name));
  }));

test('IAM that answers, but issues no tokens', (given) =>
  onMachine(given, async (machine) => {
    const path = '/identity/token';
    machine.sandbox.faults.add('iam', { kind: 'status', status: 503, times: 'forever', path });
    const message = /^IAM at iam\.cloud\.ibm\.com answered 503/;
    const report = await machine.doctor();
    assert.ok(findingIn(report, { check: 'identity work', state: 'error', message }));
    assert.ok(findingIn(report, { check: 'IAM', state: 'ok', message: /answers/ }));
  }));

const minute = 60_000;
const clocks: readonly (readonly [off: number, state: Expected['state'], message: RegExp])[] = [
  [1.5 * minute, 'warning', /^(89|90|91|92) s behind IAM's$/],
  [-4 * minute, 'warning', /^4 min ahead of IAM's$/],
  [60 * minute, 'error', /^60 min behind IAM's$/],
  [-60 * minute, 'error', /^60 min ahead of IAM's$/],
];

for (const [off, state, message] of clocks) {
  test(`a clock ${off / minute} minutes behind IAM`, (given) =>
    onMachine(given, async (machine) => {
      await withClock(machine, off, async () => {
        await expectFixed(machine, { check: 'clock', state, message });
      });
    }));
}

test('a small clock skew', (given) =>
  onMachine(given, async (machine) => {
    await withClock(machine, 0.75 * minute, async () => {
      const message = /^agrees with IAM's$/;
      assert.ok(findingIn(await machine.doctor(), { check: 'clock', state: 'ok', message }));
    });
  }));

/** An IAM with a different clock, until a call of `sudo` sets this machine's clock. */
async function withClock(machine: Machine, off: number, use: () => Promise<void>): Promise<void> {
  const isSet = path.join(machine.home.folder, 'clock-is-set');
  writeProgram(machine, 'sudo', `: > ${isSet}`);
  const server = http.createServer((_, response) => {
    const now = Date.now() + (fs.existsSync(isSet) ? 0 : off);
    response.writeHead(200, { date: new Date(now).toUTCString() }).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  machine.env.IBMCLOUD_IAM_API_ENDPOINT = `http://127.0.0.1:${port}`;
  try {
    await use();
  } finally {
    server.close();
  }
}

test.run();
