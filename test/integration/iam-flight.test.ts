import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bundle } from '../support/bundle.ts';

const flights = suite('concurrent requests for one access token');
const program = bundle(path.join(import.meta.dirname, 'iam-flight-get.ts'));
const folders = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-flight-'));

/** Handles the first request to IAM, given the process that sent it. */
let first: (pid: number, response: http.ServerResponse) => void;
/** Resolve when the other processes wait for the first response, and when they have exited. */
let othersWait = Promise.withResolvers<void>();
let othersEnded = Promise.withResolvers<void>();
let requests: { readonly pid: number; readonly at: number }[] = [];
const server = http.createServer((request, response) => {
  let form = '';
  request.on('data', (chunk) => {
    form += chunk;
  });
  request.on('end', () => {
    const pid = Number(new URLSearchParams(form).get('apikey'));
    requests.push({ pid, at: performance.now() });
    if (requests.length === 1) first(pid, response);
    else grant(response);
  });
});

flights.before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
flights.after(() => {
  server.closeAllConnections();
  server.close();
  fs.rmSync(folders, { recursive: true });
});
flights.before.each(() => {
  requests = [];
  othersWait = Promise.withResolvers();
  othersEnded = Promise.withResolvers();
});

function grant(response: http.ServerResponse): void {
  response.end(JSON.stringify({ access_token: `canary-${requests.length}`, expires_in: 3600 }));
}

function refuse(response: http.ServerResponse): void {
  response.writeHead(400).end('{"errorCode":"BXNIM0415E","errorMessage":"No such key."}');
}

/** Starts `count` processes with an empty cache; returns the output and the exit signal of each. */
function getAtOnce(count: number) {
  let waiting = 0;
  let ended = 0;
  const folder = fs.mkdtempSync(path.join(folders, 'cache-'));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const get = async () => {
    const child = spawn(process.execPath, [program, folder, `http://127.0.0.1:${port}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (!text.includes('waiting')) return;
      waiting += 1;
      if (waiting === count - 1) othersWait.resolve();
    });
    const [, signal] = await once(child, 'close');
    ended += 1;
    if (ended === count - 1) othersEnded.resolve();
    return { said: said.replace('waiting\n', ''), signal };
  };
  return Promise.all(Array.from({ length: count }, get));
}

flights('24 processes get the token with one request to IAM', async () => {
  first = (_pid, response) => setTimeout(grant, 300, response);
  const outcomes = await getAtOnce(24);
  assert.equal([...new Set(outcomes.map(({ said }) => said))], ['canary-1']);
  assert.is(requests.length, 1);
});

flights('waiting processes report a refusal without their own requests to IAM', async () => {
  first = (_pid, response) => void othersWait.promise.then(() => refuse(response));
  const outcomes = await getAtOnce(8);
  const refused = 'HelperError: IAM refused the key (BXNIM0415E: No such key.)';
  assert.equal([...new Set(outcomes.map(({ said }) => said))], [refused]);
  assert.is(requests.length, 1);
});

const ends = [
  ['SIGKILL', 'killed'],
  ['SIGSTOP', 'stopped'],
] as const;
for (const [signal, word] of ends) {
  flights(
    `if the requesting process is ${word}, one other process sends a request for all`,
    async () => {
      let endedAt = Number.POSITIVE_INFINITY;
      const end = async (pid: number) => {
        await othersWait.promise;
        endedAt = performance.now();
        process.kill(pid, signal);
        await othersEnded.promise;
        // A stopped process would never exit. The ID of a killed one may be that of any other process by now.
        if (signal === 'SIGSTOP') process.kill(pid, 'SIGKILL');
      };
      first = (pid) => void end(pid);
      const outcomes = await getAtOnce(12);
      assert.equal(outcomes.map(({ said }) => said).sort(), ['', ...Array(11).fill('canary-2')]);
      assert.is(requests.length, 2);
      // The delay depends on the lock's clock (see its tests) and the machine's load (see the benchmarks).
      assert.ok((requests[1]?.at ?? 0) > endedAt);
    },
  );
}

flights.run();
