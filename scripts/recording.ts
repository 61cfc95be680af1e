/**
 * Records `setup` and `docker pull` in a terminal, with the real docker, the local IBM Cloud simulator and the real
 * executable, and writes docs/setup.svg. Needs Linux and root: it runs in namespaces, like the tests of the clients.
 */
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { reasonForNoNamespaces, setUpNamespace, unshare } from '../test/e2e/clients/namespace.ts';
import { isInstalled } from '../test/e2e/clients/programs.ts';
import { unauthenticatedRegistry } from '../test/e2e/clients/registry-server.ts';
import { upload } from '../test/e2e/clients/upload.ts';
import { startWorld } from '../test/e2e/clients/world.ts';
import { createImage } from '../test/sandbox/image.ts';
import { buildExecutable, executable } from './build.ts';
import { linesOf } from './recording/screen.ts';
import { svgOf } from './recording/svg.ts';

const inside = '--inside';
const file = path.join(path.dirname(import.meta.dirname), 'docs', 'setup.svg');
const columns = 104;
const timeLimitMs = 60_000;
const home = '/home/jane';
const host = 'us.icr.io';
const repository = 'team-a/hello';
const prompt = '$ ';

/** Keys that are typed when the text appears for the first time after the previous reply. */
type Reply = readonly [text: string, keys: string];

function replies(apiKey: string): readonly Reply[] {
  return [
    [prompt, `docker-credential-icr setup ${host}\r`],
    ['(not shown): ', `${apiKey}\r`],
    ['[Y/n] ', 'y\r'],
    [prompt, `docker pull ${host}/${repository}:1\r`],
    [prompt, 'exit\r'],
  ];
}

/** Only docker and the helper are on PATH, so that `setup` changes one file. */
function createBin(): string {
  const bin = path.join('/home', 'bin');
  fs.mkdirSync(bin, { recursive: true });
  fs.symlinkSync(executable, path.join(bin, 'docker-credential-icr'));
  fs.symlinkSync('/usr/bin/docker', path.join(bin, 'docker'));
  return bin;
}

async function record(env: Readonly<Record<string, string>>, apiKey: string): Promise<string> {
  const shell = `/bin/stty cols ${columns} rows 60; exec /bin/bash --noprofile --norc -i`;
  const program = ['-qefc', shell, '/dev/null'];
  const child = spawn('/usr/bin/script', program, { cwd: home, env });
  const timer = setTimeout(() => child.kill('SIGKILL'), timeLimitMs);
  const waiting = [...replies(apiKey)];
  let output = '';
  let seen = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    const [awaited, keys] = waiting[0] ?? [];
    if (awaited === undefined || !output.slice(seen).includes(awaited)) return;
    seen = output.length;
    waiting.shift();
    child.stdin.write(keys);
  });
  await new Promise((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  if (waiting.length > 0)
    throw new Error(`${JSON.stringify(waiting[0])} did not appear: ${output}`);
  if (output.includes(apiKey)) throw new Error('the terminal shows the API key');
  return output;
}

/** Returns the output from the first command to the end of the last one. */
function trimmed(output: string): string {
  const from = output.indexOf(prompt);
  return output.slice(from, output.lastIndexOf(prompt));
}

async function runInside(): Promise<void> {
  setUpNamespace();
  spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', '/home']);
  fs.mkdirSync(home, { mode: 0o700 });
  const world = await startWorld({ dockerd: true, identityTokens: false });
  try {
    const { accounts } = world.sandbox;
    const { accountId, iamId } = accounts.addUser({ name: 'Jane Doe' });
    accounts.addNamespace({ name: 'team-a', accountId, public: false });
    await upload(unauthenticatedRegistry(host), repository, await createImage('hello', 'hello\n'));
    const value = `canary-${'0123456789'.repeat(4)}`.slice(0, 44);
    accounts.addApiKey({ owner: iamId, value });
    const { DOCKER_HOST = '', SSL_CERT_FILE = '' } = world.createHome().env;
    const env = {
      ...{ DOCKER_HOST, SSL_CERT_FILE, HOME: home, PATH: createBin() },
      ...{ SHELL: '/bin/sh', TERM: 'xterm', LANG: 'C.UTF-8', PS1: prompt, HISTFILE: '' },
    };
    const output = trimmed(await record(env, value));
    console.log(output);
    const title = 'docker-credential-icr setup, then docker pull, in a terminal';
    fs.writeFileSync(file, svgOf(linesOf(output.trimEnd()), columns, title));
  } finally {
    await world.close();
  }
}

function enterNamespaces(): number {
  const missing = ['docker', 'dockerd', 'docker-registry', 'script', 'bash'];
  const programs = missing.filter((name) => !isInstalled(name));
  const reason = programs[0] === undefined ? reasonForNoNamespaces() : `${programs} not installed`;
  if (reason !== undefined) throw new Error(`cannot record: ${reason}`);
  buildExecutable();
  const [program = '', ...words] = [...unshare, process.execPath, import.meta.filename, inside];
  return spawnSync(program, words, { stdio: 'inherit' }).status ?? 1;
}

if (process.argv.includes(inside)) {
  await runInside();
  process.exit(0);
}
process.exitCode = enterNamespaces();
