import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { NoOperationTraceWriter, parseWorkflow } from '@actions/workflow-parser';
import { parseAction } from '@actions/workflow-parser/actions/action-parser';
import * as assert from 'uvu/assert';
import manifest from '../../package.json' with { type: 'json' };
import { root } from '../../scripts/package/stamp.ts';
import { sandboxSuite } from '../sandbox/suite.ts';
import { testUnless } from '../support/skip.ts';
import { action, inJob, type Job, type StepOutcome } from './action-runner.ts';
import { newKey } from './identity-cloud.ts';
import { findTool } from './install-download-world.ts';

const workflows = path.join(root, '.github', 'workflows');
const test = sandboxSuite('the GitHub Action');
const isMissing = ['curl', 'wget'].every((name) => findTool(name) === undefined);
/** For tests whose action downloads a release. */
const download = testUnless(test, isMissing && 'not installed: curl, wget');

/** Requires that a step succeeds and that its output contains the key only to mask it. */
function requireSuccess({ status, stdout, stderr }: StepOutcome, key: string): void {
  assert.is(status, 0, stdout + stderr);
  const lines = `${stdout}\n${stderr}`.split('\n').filter((line) => line.includes(key));
  assert.equal(
    lines,
    lines.filter((line) => line.startsWith('::add-mask::')),
  );
}

function dockerConfig({ env }: Job) {
  return JSON.parse(fs.readFileSync(path.join(env.DOCKER_CONFIG ?? '', 'config.json'), 'utf8'));
}

async function userName({ call }: Job, host: string): Promise<string> {
  const { stdout } = await call(['docker-credential-icr', 'get'], host);
  return stdout.startsWith('{') ? JSON.parse(stdout).Username : stdout.trim();
}

download(
  'logs in with access tokens for the job only, and the post step removes everything',
  ({ sandbox }) =>
    inJob(sandbox, async (job) => {
      const key = sandbox.accounts.addApiKey({ value: newKey() }).value;
      const main = await job.main({ 'api-key': key });
      requireSuccess(main, key);
      assert.ok(main.stdout.startsWith(`::add-mask::${key}\n`), 'masked before anything else');
      assert.is(main.outputs.version, manifest.version);
      assert.is(await userName(job, 'us.icr.io'), 'iambearer');
      assert.is(dockerConfig(job).credHelpers['us.icr.io'], 'icr');
      const [folder = '', ...others] = fs.readdirSync(job.temporary);
      assert.equal(others, []);
      assert.is(fs.statSync(path.join(job.temporary, folder)).mode & 0o777, 0o700);
      assert.equal(job.world.left(), [], 'nothing in the home directory');
      const post = await job.post(main);
      assert.is(post.status, 0, post.stdout);
      assert.equal(fs.readdirSync(job.temporary), []);
      assert.equal(job.world.left(), []);
      assert.is(job.env.DOCKER_CONFIG, path.join(job.world.home, '.docker'));
    }),
);

download(
  'passes its inputs on: hosts, identity, user name, and the JSON of the ibmcloud CLI',
  ({ sandbox }) =>
    inJob(sandbox, async (job) => {
      const key = sandbox.accounts.addApiKey({ value: newKey() }).value;
      const main = await job.main({
        'api-key': JSON.stringify({ name: 'ci', apikey: key }, null, 2),
        registries: 'us.icr.io, de.icr.io\nprivate.us.icr.io ',
        identity: 'ci',
        present: 'iamapikey',
        version: `v${manifest.version}`,
      });
      requireSuccess(main, key);
      assert.ok(main.stdout.includes(`\n::add-mask::${key}\n`));
      const hosts = ['us.icr.io', 'de.icr.io', 'private.us.icr.io'];
      assert.equal(Object.keys(dockerConfig(job).credHelpers).sort(), hosts.toSorted());
      for (const host of hosts) assert.is(await userName(job, host), 'iamapikey');
      assert.match(await userName(job, 'jp.icr.io'), 'credentials not found');
      const { stdout } = await job.call(['docker-credential-icr', 'status']);
      assert.match(stdout, /\bci\b/);
    }),
);

download('keeps earlier logins and plugins of Docker, and does not change them', ({ sandbox }) =>
  inJob(sandbox, async (job) => {
    const docker = path.join(job.world.home, '.docker');
    const plugin = path.join(docker, 'cli-plugins', 'docker-buildx');
    fs.mkdirSync(path.dirname(plugin), { recursive: true });
    fs.writeFileSync(plugin, 'a plugin');
    fs.writeFileSync(path.join(docker, 'key.pem'), 'a certificate');
    fs.symlinkSync(path.dirname(plugin), path.join(docker, 'contexts'));
    fs.symlinkSync('/nonexistent', path.join(docker, 'broken'));
    const auths = { 'ghcr.io': { auth: 'YTpjYW5hcnk=' } };
    fs.writeFileSync(path.join(docker, 'config.json'), JSON.stringify({ auths }));
    const before = job.world.left();
    const key = sandbox.accounts.addApiKey({ value: newKey() }).value;
    const main = await job.main({ 'api-key': key });
    requireSuccess(main, key);
    assert.equal(dockerConfig(job).auths, auths);
    const { DOCKER_CONFIG: isolated = '' } = job.env;
    for (const [name, text] of [
      ['cli-plugins/docker-buildx', 'a plugin'],
      ['contexts/docker-buildx', 'a plugin'],
      ['key.pem', 'a certificate'],
    ] as const)
      assert.is(fs.readFileSync(path.join(isolated, name), 'utf8'), text);
    await job.post(main);
    assert.equal(fs.readdirSync(job.temporary), []);
    assert.equal(job.world.left(), before);
    assert.equal(JSON.parse(fs.readFileSync(path.join(docker, 'config.json'), 'utf8')), { auths });
  }),
);

download(
  'several accounts share the directory of the job, which the first post step removes',
  ({ sandbox }) =>
    inJob(sandbox, async (job) => {
      const [work, prod] = ['work', 'prod'].map(
        () => sandbox.accounts.addApiKey({ value: newKey() }).value,
      ) as [string, string];
      const present = 'iamapikey';
      const first = await job.main({
        'api-key': work,
        identity: 'work',
        registries: 'us.icr.io',
        present,
      });
      requireSuccess(first, work);
      const second = await job.main({ 'api-key': prod, identity: 'prod', registries: 'de.icr.io' });
      requireSuccess(second, prod);
      assert.is(fs.readdirSync(job.temporary).length, 1);
      assert.is(await userName(job, 'us.icr.io'), 'iamapikey');
      assert.is(await userName(job, 'de.icr.io'), 'iambearer');
      await job.post(second);
      assert.is(await userName(job, 'us.icr.io'), 'iamapikey', 'the first step still needs it');
      await job.post(first);
      assert.equal(fs.readdirSync(job.temporary), []);
    }),
);

download(
  'without an API key, assumes a trusted profile with the identity of the instance',
  ({ sandbox }) =>
    inJob(sandbox, async (job) => {
      const { sub } = sandbox.accounts.addTrustedProfile({ ofInstance: true });
      const main = await job.main({ 'trusted-profile': sub });
      assert.is(main.status, 0, main.stderr);
      assert.not.match(main.stdout, '::add-mask::');
      assert.is(await userName(job, 'us.icr.io'), 'iambearer');
      const other = await job.main({ 'trusted-profile': 'Profile-does-not-exist' });
      assert.match(other.stdout, /^::error::docker-credential-icr: /m);
    }),
);

download('does not store the key in a keychain of the runner', ({ sandbox }) =>
  inJob(sandbox, async (job) => {
    const { home } = job.world;
    fs.mkdirSync(path.join(home, '.password-store'));
    fs.writeFileSync(path.join(home, '.password-store', '.gpg-id'), 'x');
    job.world.replace('docker-credential-pass', `echo called >>"${home}/calls"; exit 1`);
    job.env.PATH = `${path.join(job.world.folder, 'bin')}:${job.env.PATH}`;
    const key = sandbox.accounts.addApiKey({ value: newKey() }).value;
    requireSuccess(await job.main({ 'api-key': key }), key);
    assert.not.ok(fs.existsSync(path.join(home, 'calls')));
  }),
);

const failures: readonly [
  what: string,
  inputs: Readonly<Record<string, string>>,
  error: RegExp,
  spoil?: (job: Job) => void,
][] = [
  [
    'no API key, as in a pull request from a fork',
    { 'api-key': '' },
    /^::error::api-key is empty/m,
  ],
  ['an API key of blanks', { 'api-key': ' \n' }, /^::error::api-key is empty/m],
  ['an unknown API key', {}, /^::error::docker-credential-icr: /m],
  ['an invalid user name', { present: 'nonsense' }, /^::error::docker-credential-icr: /m],
  ['an invalid host', { registries: 'us.icr.io/x?' }, /^::error::docker-credential-icr: /m],
  ['an option as a host', { registries: '--no-verify' }, /^::error::invalid host in registries/m],
  ['a version that does not exist', { version: '9.9.9' }, /^::error::.*install\.sh: /m],
  ['a version that is a path', { version: '../1' }, /^::error::.*install\.sh: /m],
  ['releases without HTTPS', { 'base-url': 'http://example.com' }, /^::error::.*install\.sh: /m],
  [
    'a modified archive',
    {},
    /^::error::.*install\.sh: /m,
    ({ world }) => {
      for (const [name, data] of world.files)
        if (name.endsWith('.gz')) world.files.set(name, Buffer.concat([data, Buffer.from('x')]));
    },
  ],
];

for (const [what, inputs, error, spoil] of failures) {
  const isDownloaded = error.source.includes('docker-credential-icr');
  (isDownloaded ? download : test)(
    `fails with a message, and leaves nothing: ${what}`,
    ({ sandbox }) =>
      inJob(sandbox, async (job) => {
        spoil?.(job);
        const main = await job.main({ 'api-key': 'canary-unknown', ...inputs });
        assert.is(main.status, 1);
        assert.match(main.stdout, error);
        const rest = main.stdout.replace(/^::add-mask::.*$/m, '') + main.stderr;
        assert.not.match(rest, 'canary');
        assert.is((await job.post(main)).status, 0);
        assert.equal(fs.readdirSync(job.temporary), []);
        assert.equal(job.world.left(), []);
      }),
  );
}

test('the post step removes only a directory that the action created', ({ sandbox }) =>
  inJob(sandbox, async (job) => {
    for (const directory of [job.world.home, job.temporary, '', `${job.temporary}/other`]) {
      if (directory.endsWith('other')) fs.mkdirSync(directory);
      const nothing = { status: 0, stdout: '', stderr: '', outputs: {} };
      const post = await job.post({ ...nothing, state: { directory } });
      assert.is(post.status, 0);
      assert.ok(directory === '' || fs.existsSync(directory), directory);
    }
  }));

test('a line break in a value does not set another variable', ({ sandbox }) =>
  inJob(sandbox, async (job) => {
    job.env.DOCKER_CONFIG = path.join(job.world.home, 'a\nPATH=/evil\nb');
    const main = await job.main({ 'api-key': 'canary-unknown' });
    assert.is(main.state['docker-config'], path.join(job.world.home, 'a\nPATH=/evil\nb'));
    assert.not.ok(job.env.PATH?.includes('/evil'));
  }));

for (const name of ['GITHUB_STATE', 'GITHUB_ENV', 'GITHUB_PATH', 'GITHUB_OUTPUT']) {
  test(`creates nothing if the runner does not set ${name}`, ({ sandbox }) =>
    inJob(sandbox, async (job) => {
      job.env[name] = '';
      const main = await job.main({ 'api-key': 'canary-unknown' });
      assert.match(main.stdout, `::error::${name} is not set`);
      assert.equal(fs.readdirSync(job.temporary), []);
    }));
}

test('outside a runner, it fails with a message', () => {
  const script = path.join(root, action.runs.main);
  const env = { PATH: process.env.PATH, 'INPUT_API-KEY': 'canary' };
  try {
    execFileSync('node', [script], { env, encoding: 'utf8' });
    assert.unreachable();
  } catch (error) {
    assert.match(
      (error as { stdout: string }).stdout,
      /::error::GITHUB_STATE is not set: this program runs as a step/,
    );
  }
});

test('action.yml declares the inputs and outputs that the code uses', () => {
  const code = fs.readFileSync(path.join(root, action.runs.main), 'utf8');
  const names = (call: string) =>
    [...code.matchAll(new RegExp(`${call}\\('([\\w-]+)'`, 'g'))].map(([, name = '']) => name);
  assert.equal([...new Set(names('\\binput'))].sort(), Object.keys(action.inputs).sort());
  assert.equal(names('setOutput').sort(), Object.keys(action.outputs).sort());
});

for (const name of [
  'action.yml',
  ...fs.readdirSync(workflows).map((each) => path.join('.github', 'workflows', each)),
]) {
  test(`${name}: GitHub's parser reports nothing`, () => {
    const content = fs.readFileSync(path.join(root, name), 'utf8');
    const parser = name === 'action.yml' ? parseAction : parseWorkflow;
    const { context } = parser({ name, content }, new NoOperationTraceWriter());
    assert.equal(context.errors.getErrors(), []);
  });
}

test.run();
