import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { sandboxSuite } from '../sandbox/suite.ts';
import { type ConnectProxy, startProxy } from '../support/connect-proxy.ts';
import { collect, executable } from '../support/helper.ts';
import { type Home, inHome } from '../support/home.ts';

const test = sandboxSuite('documented commands');

/** Leads every IBM host to the sandbox. */
let proxy: ConnectProxy;
test.before(async ({ sandbox }) => {
  proxy = await startProxy(Number(new URL(sandbox.registryUrl).port));
});
test.after(() => proxy.close());

const root = path.join(import.meta.dirname, '..', '..');
const docs = fs.readdirSync(path.join(root, 'docs')).filter((name) => name.endsWith('.md'));
const pages = ['README.md', ...docs.map((name) => path.join('docs', name))];

/** Programs to replace; other tests check that the real ones call the helper. */
const standIns = ['docker', 'podman', 'skopeo', 'buildah', 'cf', 'kubectl', 'script'];
/** Commands that other tests run, or that need more than a home directory. */
const elsewhere =
  /^(make|\.\/install\.sh|brew|scoop|apt|dpkg|dnf|rpm|npm|node|minisign|git|sudo|systemctl|kubectl|kubelet|ctr|crictl|nerdctl|curl|wget|sh |tar|sha256sum|cosign)\b/;
/** Commands that may report problems of a test's home. */
const mayReport = /^docker-credential-icr (doctor|explain|status)\b/;

/** Returns the commands in a page's `sh` blocks, with continuation lines joined and comments included. */
function commandsOf(page: string): string[] {
  const text = fs.readFileSync(path.join(root, page), 'utf8');
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
  return blocks.flatMap((block) => block.replaceAll('\\\n', '').split('\n')).filter(Boolean);
}

function makeStandIns({ folder }: Home): string {
  const bin = path.join(folder, 'bin');
  fs.mkdirSync(bin);
  for (const name of standIns) {
    fs.writeFileSync(path.join(bin, name), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  }
  // `configure --identity` creates a symlink beside the program on PATH, which must not be in the build directory.
  fs.symlinkSync(executable, path.join(bin, path.basename(executable)));
  return bin;
}

for (const page of pages) {
  const commands = commandsOf(page).filter((command) => !elsewhere.test(command));
  if (commands.length === 0) continue;
  test(`${page}: runs ${commands.length} commands`, ({ sandbox }) =>
    inHome(async (home) => {
      const key = () => sandbox.accounts.addApiKey({}).value;
      const work = path.join(home.folder, 'work');
      fs.mkdirSync(work);
      fs.writeFileSync(path.join(work, 'key.txt'), key());
      const env = {
        ...home.env,
        PATH: [makeStandIns(home), home.env.PATH].join(':'),
        XDG_RUNTIME_DIR: home.folder,
        HTTPS_PROXY: proxy.url,
        SSL_CERT_FILE: sandbox.caFile,
        IBMCLOUD_API_KEY: key(),
        WORK_KEY: key(),
        PROD_KEY: key(),
      };
      for (const command of commands) {
        const { status, stdout, stderr } = await run(command, work, env);
        const ok = status === 0 || (status === 1 && mayReport.test(command));
        assert.ok(ok, `${command}\n${status} ${stdout}${stderr}`);
      }
    }));
}

/** Variables for settings directories, and the variables with which CI systems name the checkout. */
const settingsInCheckout =
  /\b(?:HOME|DOCKER_CONFIG|\w*_CONFIG_DIR|\w*_CACHE_DIR|XDG_\w+|REGISTRY_AUTH_FILE)["']?\s*[=:]\s*["']?(?:\.|\$\{?\{?\s*(?:PWD|CI_PROJECT_DIR|GITHUB_WORKSPACE|WORKSPACE\b(?!_TMP)|github\.workspace|env\.WORKSPACE\b(?!_TMP)|BUILD_SOURCESDIRECTORY|CIRCLE_WORKING_DIRECTORY)|\$\(pwd\)|\$\(workspaces)/;

for (const [line, isFound] of [
  ['DOCKER_CONFIG: $CI_PROJECT_DIR/.docker', true],
  ['DOCKER_CREDENTIAL_ICR_CONFIG_DIR=$PWD/.icr', true],
  ['HOME: $GITHUB_WORKSPACE/home', true],
  ['export XDG_CONFIG_HOME="$(pwd)/x"', true],
  ['export DOCKER_CONFIG=$(mktemp -d)', false],
  ['DOCKER_CONFIG: $RUNNER_TEMP/docker', false],
] as const) {
  test(`${isFound ? 'detects' : 'does not detect'} settings in the checkout: ${line}`, () => {
    assert.is(settingsInCheckout.test(line), isFound);
  });
}

const workflows = path.join('.github', 'workflows');
const published = [
  ...pages,
  'SECURITY.md',
  'CONTRIBUTING.md',
  ...fs.readdirSync(path.join(root, workflows)).map((name) => path.join(workflows, name)),
];

for (const page of published) {
  test(`${page}: no example has settings in the checkout`, () => {
    const lines = fs.readFileSync(path.join(root, page), 'utf8').split('\n');
    assert.equal(
      lines.filter((line) => settingsInCheckout.test(line)),
      [],
    );
  });
}

function run(command: string, cwd: string, env: Record<string, string>) {
  return collect(spawn('sh', ['-c', command], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] }));
}

test.run();
