import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { answer, credential, helper, notFound, nothing } from '../../support/helper.ts';
import { type Home, inHome } from '../../support/home.ts';

const test = suite('malicious current directory');

/** Files that would leak or replace a credential if they were read. */
const hostile: Readonly<Record<string, string>> = {
  'bunfig.toml': 'preload = ["./evil.ts"]\n[run]\npreload = ["./evil.ts"]\n',
  '.bunfig.toml': 'preload = ["./evil.ts"]\n',
  '.env': 'DOCKER_CREDENTIAL_ICR_API_KEY=canary-dotenv\nDOCKER_CREDENTIAL_ICR_DEBUG=1\n',
  '.env.local': 'DOCKER_CREDENTIAL_ICR_API_KEY=canary-dotenv\n',
  '.env.production': 'DOCKER_CREDENTIAL_ICR_API_KEY=canary-dotenv\n',
  '.env.development': 'IBMCLOUD_API_KEY=canary-dotenv\n',
  'package.json':
    '{"name":"evil","type":"commonjs","imports":{"yargs":"./evil.ts"},"main":"./evil.ts","yargs":{"evil":1}}',
  'locales/en.json': '{"Commands:":"evil","Unknown argument: %s":{"one":"evil","other":"evil"}}',
  'tsconfig.json': '{"compilerOptions":{"paths":{"*":["./evil.ts"]}}}',
  'node_modules/yargs/index.js':
    'require("fs").writeFileSync(__dirname + "/../../marker", "yargs")',
  'node_modules/yargs/package.json': '{"name":"yargs","main":"index.js"}',
  'config.json': '{"mappings":{"*":{"identity":"evil"}}}',
  'hosts/us.icr.io.json': credential('us.icr.io', 'evil', 'canary-evil'),
  '.config/docker-credential-icr/hosts/us.icr.io.json': credential(
    'us.icr.io',
    'evil',
    'canary-evil',
  ),
  'evil.ts':
    'import fs from "node:fs";\nfs.writeFileSync(import.meta.dir + "/marker", "preload");\n',
};
const words = [
  ['get'],
  ['list'],
  ['store'],
  ['erase'],
  ['version'],
  ['--help'],
  ['status'],
  ['no-such-word'],
];

function inHostileFolder(use: (home: Home, folder: string) => void): Promise<void> {
  return inHome((home) => {
    const folder = path.join(home.folder, 'stranger');
    fs.mkdirSync(path.join(folder, 'below'), { recursive: true });
    for (const [name, text] of Object.entries(hostile)) {
      const file = path.join(folder, name);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, text);
    }
    use(home, folder);
  });
}

test('runs no code and reads no configuration from it', () =>
  inHostileFolder((home, folder) => {
    for (const cwd of [folder, path.join(folder, 'below')]) {
      for (const word of words) {
        const { stdout, stderr } = helper(home, word, 'us.icr.io', { cwd });
        assert.not.match(stdout + stderr, /canary|evil/);
      }
      assert.equal(helper(home, 'get', 'us.icr.io', { cwd }), notFound);
    }
    assert.not.ok(fs.existsSync(path.join(folder, 'marker')));
  }));

test('get returns the user’s own credential', () =>
  inHostileFolder((home, folder) => {
    const options = { cwd: folder };
    assert.equal(helper(home, 'store', credential('us.icr.io'), options), nothing);
    assert.is(helper(home, 'get', 'us.icr.io', options).stdout, answer('us.icr.io'));
    const env = { XDG_CONFIG_HOME: '.config' };
    assert.is(helper(home, 'get', 'us.icr.io', { cwd: folder, env }).stdout, answer('us.icr.io'));
    assert.not.ok(fs.existsSync(path.join(folder, 'marker')));
  }));

/** Opening a FIFO without a writer blocks, so an exit shows that the file was not opened. */
test('opens none of the files that Bun reads', () =>
  inHome((home) => {
    helper(home, 'store', credential('us.icr.io'));
    for (const name of [
      'bunfig.toml',
      '.env',
      '.env.local',
      '.env.production',
      'package.json',
      'tsconfig.json',
    ]) {
      execFileSync('mkfifo', [path.join(home.folder, name)]);
    }
    assert.is(helper(home, 'get', 'us.icr.io').stdout, answer('us.icr.io'));
    assert.is(helper(home, 'list').status, 0);
    assert.is(helper(home, 'version').status, 0);
    assert.is(helper(home, ['login', '--help']).status, 0);
    assert.is(helper(home, 'status').status, 0);
    assert.is(helper(home, 'no-such-word').status, 2);
    const offline = { env: { IBMCLOUD_IAM_API_ENDPOINT: 'http://127.0.0.1:1' } };
    for (const line of [
      'status --history',
      'settings access-log on',
      'explain us.icr.io/team/image',
      'configure --identity work us.icr.io --dry-run',
      'token us.icr.io',
      'kubernetes config',
      'exec us.icr.io -- true',
      'completion fish',
      'logout',
    ]) {
      assert.is.not(helper(home, line.split(' '), '', offline).status, null, line);
    }
  }));

test('does not read a bunfig.toml in the home directory', () =>
  inHome((home) => {
    const marker = path.join(home.folder, 'marker');
    const evil = path.join(home.folder, 'evil.ts');
    fs.writeFileSync(evil, `require("fs").writeFileSync(${JSON.stringify(marker)}, "")`);
    for (const name of ['.bunfig.toml', '.config/.bunfig.toml']) {
      fs.mkdirSync(path.dirname(path.join(home.folder, name)), { recursive: true });
      fs.writeFileSync(path.join(home.folder, name), `preload = [${JSON.stringify(evil)}]\n`);
    }
    const env = { XDG_CONFIG_HOME: path.join(home.folder, '.config') };
    assert.equal(helper(home, 'get', 'us.icr.io', { cwd: '/', env }), notFound);
    assert.not.ok(fs.existsSync(marker));
  }));

test('ignores the NODE_OPTIONS of a client that runs on Node', () =>
  inHostileFolder((home, folder) => {
    const env = { NODE_OPTIONS: `--require ${path.join(folder, 'evil.ts')}`, NODE_PATH: folder };
    assert.equal(helper(home, 'get', 'us.icr.io', { cwd: folder, env }), notFound);
    assert.not.ok(fs.existsSync(path.join(folder, 'marker')));
  }));

test.run();
