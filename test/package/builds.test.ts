import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as assert from 'uvu/assert';
import manifest from '../../package.json' with { type: 'json' };
import type { Sandbox } from '../sandbox/sandbox.ts';
import { sandboxSuite } from '../sandbox/suite.ts';
import { answer, collect, credential, type Outcome } from '../support/helper.ts';
import { type Home, inHome } from '../support/home.ts';
import { type Build, findBuilds } from './builds.ts';

const test = sandboxSuite('builds of a release');
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-builds-'));
test.after(() => fs.rmSync(scratch, { recursive: true }));

function call({ command, env }: Build, home: Home, words: string, input = '', more = {}) {
  const [program = '', ...given] = command;
  const child = spawn(program, [...given, ...words.split(' ')], {
    cwd: home.folder,
    env: { ...home.env, ...env?.(home.folder), ...more },
  });
  child.stdin.end(input);
  child.stdin.on('error', () => {});
  return collect(child);
}

function assertSuccess({ stdout, stderr, status }: Outcome): string {
  assert.equal({ stderr, status }, { stderr: '', status: 0 }, stdout);
  return stdout;
}

/** Returns the environment for the local IBM Cloud simulator. */
function cloud({ iamUrl, caFile }: Sandbox) {
  return { IBMCLOUD_IAM_API_ENDPOINT: iamUrl, SSL_CERT_FILE: caFile, NODE_EXTRA_CA_CERTS: caFile };
}

for (const found of findBuilds(scratch)) {
  if ('why' in found) {
    console.log(`not started: ${found.name} (${found.why})`);
    test.skip(found.name, () => {});
    continue;
  }
  const { build } = found;

  test(`${build.name}: version prints the version and the commit`, () =>
    inHome(async (home) => {
      const line = assertSuccess(await call(build, home, 'version'));
      assert.match(
        line,
        /^docker-credential-icr \(IBM Cloud Container Registry, [0-9a-f]{12}(-dirty)?\) v\S+\n$/,
      );
      assert.ok(line.endsWith(` v${manifest.version}\n`), line);
    }));

  test(`${build.name}: get returns a stored credential`, () =>
    inHome(async (home) => {
      assertSuccess(await call(build, home, 'store', credential('registry.example')));
      assert.is(
        assertSuccess(await call(build, home, 'get', 'registry.example')),
        answer('registry.example'),
      );
      assert.is((await call(build, home, 'get', 'other.example')).status, 1);
    }));

  test(`${build.name}: runs commands with lazily loaded modules`, () =>
    inHome(async (home) => {
      assertSuccess(await call(build, home, 'configure'));
      const file = path.join(home.folder, '.docker', 'config.json');
      assert.is(JSON.parse(fs.readFileSync(file, 'utf8')).credHelpers['us.icr.io'], 'icr');
      assert.match(assertSuccess(await call(build, home, 'login --help')), '--api-key-stdin');
    }));

  test(`${build.name}: get mints an access token`, ({ sandbox }) =>
    inHome(async (home) => {
      const { value } = sandbox.accounts.addApiKey({});
      sandbox.requests.reset();
      const words = 'login --present iambearer --api-key-stdin --store file';
      const login = await call(build, home, words, value, cloud(sandbox));
      assert.is(login.status, 0, login.stderr);
      const got = assertSuccess(await call(build, home, 'get', 'us.icr.io', cloud(sandbox)));
      const { Username, Secret } = JSON.parse(got);
      assert.is(Username, 'iambearer');
      assert.match(Secret, /^eyJ/);
      assert.ok(sandbox.requests.count({ service: 'iam', grant: 'apikey' }) > 0);
    }));

  test(`${build.name}: ignores configuration files in the current directory`, () =>
    inHome(async (home) => {
      const trap = path.join(home.folder, 'trap.js');
      fs.writeFileSync(trap, 'console.log("caught"); process.exit(9);');
      fs.writeFileSync(path.join(home.folder, 'bunfig.toml'), `preload = ["./trap.js"]\n`);
      fs.writeFileSync(
        path.join(home.folder, '.env'),
        'DOCKER_CREDENTIAL_ICR_API_KEY=canary-env\n',
      );
      fs.writeFileSync(path.join(home.folder, 'package.json'), '{"main":"./trap.js"}');
      const { stdout, status } = await call(build, home, 'get', 'us.icr.io');
      assert.is(stdout, 'credentials not found in native keychain\n');
      assert.is(status, 1);
    }));
}

test.run();
