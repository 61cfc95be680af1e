import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import type { RequestListener } from 'node:http';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { unpackNode } from '../../scripts/package/node-executable.ts';
import { root } from '../../scripts/package/stamp.ts';
import { listen } from '../sandbox/listen.ts';
import { collect, credential } from '../support/helper.ts';
import { inScratch, releaseFiles, releaseFolder, run, version } from './release.ts';

const test = suite('npm install of the built packages');
const main = `docker-credential-icr-${version}.tgz`;
const platform = `docker-credential-icr-${process.platform}-${process.arch}`;

/** Returns an npm registry that contains only the packages of these files. */
function registry(files: readonly string[], url: () => string): RequestListener {
  const packages = new Map(
    files.map((file) => {
      const data = fs.readFileSync(path.join(releaseFolder, file));
      const manifest = JSON.parse(run('tar', ['-xzOf', file, 'package/package.json']));
      return [manifest.name as string, { file, data, manifest }];
    }),
  );
  return (request, response) => {
    const [, name = '', rest] = (request.url ?? '').split('/');
    const found = packages.get(decodeURIComponent(name));
    if (found === undefined) return void response.writeHead(404).end('{}');
    if (rest !== undefined) return void response.end(found.data);
    const integrity = `sha512-${crypto.createHash('sha512').update(found.data).digest('base64')}`;
    const dist = { tarball: `${url()}/${name}/${found.file}`, integrity };
    const versions = { [version]: { ...found.manifest, dist } };
    response.end(JSON.stringify({ name, 'dist-tags': { latest: version }, versions }));
  };
}

interface Installed {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
  readonly modules: string;
}

/** Runs `npm install` with these arguments and a local registry, with this Node first on PATH. */
async function install(
  folder: string,
  files: readonly string[],
  node: string,
  words: readonly string[],
): Promise<Installed> {
  let url = '';
  const server = await listen(
    registry(files, () => url),
    { address: '127.0.0.1', port: 0 },
  );
  url = `http://127.0.0.1:${server.port}`;
  try {
    const bin = path.join(folder, 'node-bin');
    fs.mkdirSync(bin);
    fs.symlinkSync(node, path.join(bin, 'node'));
    const env = {
      HOME: folder,
      PATH: `${bin}:${process.env.PATH}`,
      npm_config_registry: `${url}/`,
      npm_config_cache: path.join(folder, 'cache'),
      npm_config_prefix: path.join(folder, 'prefix'),
      npm_config_loglevel: 'error',
      npm_config_update_notifier: 'false',
    };
    const given = ['install', ...words, path.join(releaseFolder, main)];
    const { status, stdout, stderr } = await collect(
      spawn('npm', given, { env, cwd: folder, stdio: 'pipe' }),
    );
    assert.is(status, 0, stdout + stderr);
    const [bins, modules] = words.includes('-g')
      ? ['prefix/bin', 'prefix/lib/node_modules']
      : ['node_modules/.bin', 'node_modules'];
    return {
      command: path.join(folder, bins, 'docker-credential-icr'),
      env,
      modules: path.join(folder, modules),
    };
  } finally {
    await server.close();
  }
}

async function call({ command, env }: Installed, words: string, input = '') {
  const child = spawn(command, words.split(' '), { env, cwd: env.HOME });
  child.stdin.end(input);
  child.stdin.on('error', () => {});
  return collect(child);
}

/** Checks the protocol's verbs and an interactive command. */
async function assertWorking(installed: Installed): Promise<void> {
  const said = await call(installed, 'version');
  assert.match(said.stdout, `v${version}\n`);
  assert.is((await call(installed, 'store', credential('registry.example'))).status, 0);
  const { stdout, stderr, status } = await call(installed, 'get', 'registry.example');
  assert.equal([stdout.trim(), stderr, status], [credential('registry.example'), '', 0]);
  assert.is((await call(installed, 'get', 'other.example')).status, 1);
  const help = await call(installed, 'login --help');
  assert.match(help.stdout, '--api-key-stdin');
}

const executables = releaseFiles(/^docker-credential-icr-(linux|darwin|win32)-\S+\.tgz$/);
const scratchNodes = path.join(root, 'dist', 'targets');
const rows: readonly [
  name: string,
  files: readonly string[],
  words: readonly string[],
  isNative: boolean,
  isScript: boolean,
][] = [
  [
    'with install scripts: installs the executable',
    executables,
    ['-g', '--allow-scripts=docker-credential-icr'],
    true,
    false,
  ],
  [
    'without install scripts: Node runs the program',
    executables,
    ['-g', '--ignore-scripts'],
    true,
    true,
  ],
  ['no package for this platform: Node runs the program', [], ['-g'], false, true],
  [
    // With -g, npm installs them regardless.
    'without optional packages: Node runs the program',
    executables,
    ['--omit=optional'],
    false,
    true,
  ],
];

for (const [name, files, words, isNative, isScript] of rows) {
  test(name, () =>
    inScratch(async (folder) => {
      const installed = await install(folder, files, unpackNode(22, scratchNodes), words);
      const own = path.join(installed.modules, 'docker-credential-icr');
      assert.is(
        fs.existsSync(path.join(own, 'node_modules', platform)) ||
          fs.existsSync(path.join(installed.modules, platform)),
        isNative,
      );
      const begins = fs.readFileSync(installed.command).subarray(0, 2).toString();
      assert.is(begins === '#!', isScript, `the command starts with ${begins}`);
      await assertWorking(installed);
    }),
  );
}

test.run();
