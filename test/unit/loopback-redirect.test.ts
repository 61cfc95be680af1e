import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type LoopbackRedirect, listenForRedirect } from '../../src/http/loopback-redirect.ts';

const test = suite('redirect to this machine');

const state = 'canary-state-0123456789';
const good = `/?code=canary-code&state=${state}`;

interface Sent {
  readonly path?: string;
  readonly method?: string;
  readonly host?: string;
  /** The address to connect to. */
  readonly to?: string;
}

async function send(port: number, { path = good, method = 'GET', host, to = '127.0.0.1' }: Sent) {
  const headers = { Host: host ?? `127.0.0.1:${port}` };
  const request = http.request({ host: to, port, path, method, headers, agent: false }).end();
  const [response] = await once(request, 'response');
  let text = '';
  for await (const part of response) text += part;
  return { status: response.statusCode, text, headers: response.headers };
}

async function whileListening(use: (redirect: LoopbackRedirect) => Promise<void>): Promise<void> {
  const redirect = await listenForRedirect(state);
  try {
    await use(redirect);
  } finally {
    redirect.close();
  }
}

const refused: readonly [status: number, sent: Sent][] = [
  [404, { path: `/favicon.ico?state=${state}&code=x` }],
  [404, { path: `/callback?state=${state}&code=x` }],
  [404, { path: `//evil.example/?state=${state}&code=x` }],
  [404, { path: `http://127.0.0.1/?state=${state}&code=x` }],
  [405, { method: 'POST' }],
  [405, { method: 'HEAD' }],
  [405, { method: 'OPTIONS' }],
  [400, { path: '/' }],
  [400, { path: '/?' }],
  [400, { path: '/?code=x' }],
  [400, { path: '/?code=x&state=' }],
  [400, { path: `/?code=x&state=${state.slice(1)}` }],
  [400, { path: `/?code=x&state=${state}0` }],
  [400, { path: `/?code=x&state=${state.toUpperCase()}` }],
  [400, { path: `/?code=x&state=%C3%A9${state.slice(2)}` }],
  [400, { path: `/?code=x&state=${state}&state=${state}` }],
  [421, { host: 'evil.example' }],
  [421, { host: '127.0.0.1' }],
  [421, { host: '127.0.0.1:1' }],
  [421, { host: 'localhost.evil.example:80' }],
];

test('refuses other requests without the end of the wait, and accepts one', () =>
  whileListening(async ({ port, received }) => {
    for (const [status, sent] of refused) {
      const answer = await send(port, sent);
      assert.is(answer.status, status, JSON.stringify(sent));
      assert.not.match(answer.text, /canary|evil/);
    }
    const accepted = await send(port, {});
    assert.is(accepted.status, 200);
    assert.match(accepted.text, 'Signed in.');
    assert.not.match(accepted.text, /canary|src=|href=|<script/);
    assert.match(String(accepted.headers['content-security-policy']), "default-src 'none'");
    assert.is(accepted.headers['cache-control'], 'no-store');
    assert.is((await received).get('code'), 'canary-code');
    const second = await send(port, {});
    assert.is(second.status, 410);
  }));

test('the page does not repeat an error', () =>
  whileListening(async ({ port, received }) => {
    const path = `/?error=%3Cscript%3Ecanary&state=${state}`;
    const { status, text } = await send(port, { path });
    assert.is(status, 200);
    assert.match(text, 'Not signed in.');
    assert.not.match(text, 'canary');
    assert.is((await received).get('error'), '<script>canary');
  }));

test('a connection that sends nothing does not end the wait', () =>
  whileListening(async ({ port, received }) => {
    const silent = net.connect(port, '127.0.0.1');
    await once(silent, 'connect');
    assert.is((await send(port, { host: `localhost:${port}` })).status, 200);
    assert.is((await received).get('code'), 'canary-code');
    silent.destroy();
  }));

/** Returns the error code of a connection, or undefined if it was accepted. */
async function connectionError(port: number, host: string): Promise<string | undefined> {
  const socket = net.connect(port, host);
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(undefined));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  }).finally(() => socket.destroy()) as Promise<string | undefined>;
}

test('listens on 127.0.0.1 only, and not after close', async () => {
  const { port, close } = await listenForRedirect(state);
  assert.is(await connectionError(port, '127.0.0.1'), undefined);
  // All of 127.0.0.0/8 is local on Linux.
  if (process.platform === 'linux') assert.ok(await connectionError(port, '127.0.0.2'));
  assert.ok(await connectionError(port, '::1'));
  close();
  assert.is(await connectionError(port, '127.0.0.1'), 'ECONNREFUSED');
});

async function hasIpv6(): Promise<boolean> {
  const server = net.createServer();
  try {
    server.listen(0, '::1');
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

test('localhost: also receives on ::1, or reports that another program listens there', async () => {
  if (!(await hasIpv6())) return;
  await whileListening(async ({ port, claimLocalhost, received }) => {
    assert.is(await claimLocalhost(), true);
    assert.is((await send(port, { to: '::1', host: `localhost:${port}` })).status, 200);
    assert.is((await received).get('code'), 'canary-code');
  });
  await whileListening(async ({ port, claimLocalhost }) => {
    const other = net.createServer().listen(port, '::1');
    await once(other, 'listening');
    assert.is(await claimLocalhost(), false);
    other.close();
  });
});

test.run();
