import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { parseAllDocuments } from 'yaml';
import { writeCiFiles } from '../../scripts/package/ci-files.ts';
import { stampInstaller } from '../../scripts/package/installer.ts';
import { root } from '../../scripts/package/stamp.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { sandboxSuite } from '../sandbox/suite.ts';
import { collect, executable, type Outcome } from '../support/helper.ts';
import { newKey } from './identity-cloud.ts';
import { inWorld, needs, publish, type World } from './install-download-world.ts';

const test = sandboxSuite('templates for CI systems');
const stamp = { version: '1.2.3', commit: 'c'.repeat(40), epoch: 0 };
const location = { baseUrl: 'https://downloads.example/icr', homepage: 'https://icr.example' };

interface Pipeline {
  readonly world: World;
  /** The directory with the files of the release. */
  readonly release: string;
  readonly key: string;
  readonly env: Readonly<Record<string, string>>;
  readonly run: (words: readonly string[], env?: Record<string, string>) => Promise<Outcome>;
}

/** Runs `use` with a published release, and the environment of a job. */
function inPipeline(sandbox: Sandbox, use: (pipeline: Pipeline) => Promise<void>): Promise<void> {
  return inWorld(async (world) => {
    const release = path.join(world.folder, 'release');
    fs.mkdirSync(release);
    const installer = stampInstaller(stamp, location, {});
    fs.writeFileSync(path.join(release, 'install.sh'), installer);
    await writeCiFiles(release, stamp, location);
    await publish(world, stamp.version, {
      executable: `#!/bin/sh\nexec "${executable}" "$@"\n`,
    });
    world.files.set('/v1.2.3/install.sh', Buffer.from(installer));
    const key = sandbox.accounts.addApiKey({ value: newKey() }).value;
    const env = {
      HOME: world.home,
      PATH: process.env.PATH ?? '',
      TMPDIR: path.join(world.folder, 'tmp'),
      IBMCLOUD_API_KEY: key,
      IBMCLOUD_IAM_API_ENDPOINT: sandbox.iamUrl,
      SSL_CERT_FILE: sandbox.caFile,
    };
    const run: Pipeline['run'] = async ([program = '', ...words], more = {}) => {
      const child = spawn(program, words, { env: { ...env, ...more }, cwd: world.folder });
      child.stdin.end();
      const outcome = await collect(child);
      assert.not.match(outcome.stdout + outcome.stderr, key, 'the key is in the log');
      return outcome;
    };
    await use({ world, release, key, env, run });
  });
}

function requireSuccess({ status, stdout, stderr }: Outcome): string {
  assert.is(status, 0, stdout + stderr);
  return stdout;
}

const checks =
  'echo us.icr.io | docker-credential-icr get | cut -c1-60; cat "$DOCKER_CONFIG/config.json"';

/** Runs a job that extends the template with gitlab-ci-local, which also validates GitLab's schema. */
function runGitlab({ world, release, env, run }: Pipeline, inputs: object): Promise<Outcome> {
  // gitlab-ci-local copies the project for containers, which this job does not use.
  world.replace('rsync', 'exit 0');
  const project = path.join(world.folder, 'project');
  fs.mkdirSync(project);
  fs.copyFileSync(
    path.join(release, 'docker-credential-icr.gitlab-ci.yml'),
    path.join(project, 'icr.yml'),
  );
  const include = [{ local: 'icr.yml', inputs: { 'base-url': world.url, ...inputs } }];
  const push = { extends: '.icr-login', script: [checks, 'ls -ld "$DOCKER_CONFIG/.."'] };
  // JSON is YAML.
  fs.writeFileSync(path.join(project, '.gitlab-ci.yml'), JSON.stringify({ include, push }));
  const git = ['-c', 'user.name=x', '-c', 'user.email=x@example.com'];
  for (const words of [
    ['init', '-q'],
    ['add', '-A'],
    [...git, 'commit', '-qm', 'x'],
  ])
    execFileSync('git', words, { cwd: project });
  const program = path.join(root, 'node_modules', 'gitlab-ci-local', 'dist', 'index.js');
  const names = [
    'IBMCLOUD_API_KEY',
    'IBMCLOUD_IAM_API_ENDPOINT',
    'SSL_CERT_FILE',
    'TMPDIR',
  ] as const;
  const variables = names.flatMap((name) => ['--variable', `${name}=${env[name]}`]);
  return run([process.execPath, program, 'push', '--cwd', path.basename(project), ...variables], {
    BUN_RUNTIME_TRANSPILER_CACHE_PATH: '0',
    PATH: `${env.PATH}:${path.join(world.folder, 'bin')}`,
  });
}

const withBash = needs(test, 'bash', 'git', 'curl');

withBash(
  'GitLab: a job that extends the template is logged in, and leaves nothing',
  ({ sandbox }) =>
    inPipeline(sandbox, async (pipeline) => {
      const output = requireSuccess(
        await runGitlab(pipeline, { registries: 'us.icr.io de.icr.io' }),
      );
      assert.match(output, '{"ServerURL":"us.icr.io","Username":"iambearer"');
      assert.match(output, /"de\.icr\.io": "icr"/);
      assert.not.match(output, /"jp\.icr\.io"/);
      assert.match(output, /drwx------.*\.\.$/m);
      assert.equal(leftIn(pipeline), []);
    }),
);

withBash('GitLab: refuses an install.sh that differs from the release', ({ sandbox }) =>
  inPipeline(sandbox, async (pipeline) => {
    spoilInstaller(pipeline);
    const { status, stdout, stderr } = await runGitlab(pipeline, {});
    assert.is.not(status, 0);
    assert.not.match(stdout + stderr, /EVIL|ServerURL/);
    assert.equal(leftIn(pipeline), []);
  }),
);

test('GitLab: the template has no invalid input', ({ sandbox }) =>
  inPipeline(sandbox, async (pipeline) => {
    const { status } = await runGitlab(pipeline, { present: 'nonsense' });
    assert.is.not(status, 0);
  }));

function spoilInstaller({ world }: Pipeline): void {
  const file = '/v1.2.3/install.sh';
  const evil = Buffer.concat([world.files.get(file) ?? Buffer.of(), Buffer.from('echo EVIL\n')]);
  world.files.set(file, evil);
}

/** Names in the home and in the temporary directory; gitlab-ci-local's own are left out. */
function leftIn({ world }: Pipeline): string[] {
  const names = ['home', 'tmp'].flatMap((name) => fs.readdirSync(path.join(world.folder, name)));
  return names.filter((name) => name !== '.gitlab-ci-local');
}

/** Returns the script of the Tekton step, with the parameters that the other steps of a test give as variables. */
function tektonScript({ release }: Pipeline): string {
  const text = fs.readFileSync(path.join(release, 'docker-credential-icr.tekton.yaml'), 'utf8');
  const [task] = parseAllDocuments(text).map((document) => document.toJS());
  assert.is(task.kind, 'Task');
  const script: string = task.spec.steps[0].script;
  assert.not.match(script, '$(params', 'a parameter in a script could inject commands');
  return script;
}

const shells = [['sh'], ['bash'], ['busybox', 'sh']] as const;

for (const shell of shells) {
  const withShell = needs(test, shell[0], 'curl');
  const name = shell.join(' ');

  withShell(`Tekton, ${name}: writes a configuration with access tokens`, ({ sandbox }) =>
    inPipeline(sandbox, async (pipeline) => {
      const { world, run, key } = pipeline;
      const output = path.join(world.folder, 'config.json');
      const env = {
        OUTPUT: output,
        ICR_REGISTRIES: 'us.icr.io de.icr.io',
        ICR_BASE_URL: world.url,
      };
      requireSuccess(await run([...shell, '-c', tektonScript(pipeline)], env));
      const { auths } = JSON.parse(fs.readFileSync(output, 'utf8'));
      assert.equal(Object.keys(auths), ['us.icr.io', 'de.icr.io']);
      for (const { auth } of Object.values<{ auth: string }>(auths)) {
        const plain = Buffer.from(auth, 'base64').toString();
        assert.match(plain, /^iambearer:eyJ[\w.-]+$/);
        assert.not.match(plain, key);
      }
      assert.is(fs.statSync(output).mode & 0o777, 0o600);
      assert.equal(leftIn(pipeline), []);
    }),
  );

  withShell(`Jenkins, ${name}: logs in, in the directory that the closure uses`, ({ sandbox }) =>
    inPipeline(sandbox, async (pipeline) => {
      const { world, run } = pipeline;
      const folder = path.join(world.folder, 'workspace@tmp', 'icr-1');
      const env = {
        ICR_FOLDER: folder,
        ICR_REGISTRIES: '',
        ICR_PRESENT: '',
        ICR_BASE_URL: world.url,
      };
      requireSuccess(await run([...shell, '-c', jenkinsScript(pipeline)], env));
      assert.equal(fs.readdirSync(folder).sort(), ['bin', 'config', 'docker', 'install.sh']);
      assert.is(fs.statSync(folder).mode & 0o777, 0o700);
      assert.equal(leftIn(pipeline), []);
      const again = await run([...shell, '-c', jenkinsScript(pipeline)], env);
      assert.is.not(again.status, 0, 'a directory that exists may belong to another user');
    }),
  );

  withShell(`${name}: runs no install.sh that differs from the release`, ({ sandbox }) =>
    inPipeline(sandbox, async (pipeline) => {
      spoilInstaller(pipeline);
      const { world, run, release } = pipeline;
      const folder = path.join(world.folder, 'workspace@tmp', 'icr-1');
      const env = {
        ...{ ICR_FOLDER: folder, OUTPUT: `${folder}.json`, BASEURL: world.url },
        ...{ ICR_REGISTRIES: 'us.icr.io', ICR_PRESENT: '', ICR_BASE_URL: world.url },
      };
      const feature = featureScript(release, path.join(world.folder, 'usr'));
      for (const script of [tektonScript(pipeline), jenkinsScript(pipeline), feature]) {
        const { status, stdout, stderr } = await run([...shell, '-c', script], env);
        assert.is.not(status, 0);
        assert.match(stderr, /did NOT match/);
        assert.not.match(stdout, 'EVIL');
        assert.not.ok(fs.existsSync(`${folder}.json`));
        assert.not.ok(fs.existsSync(path.join(world.folder, 'usr')));
      }
    }),
  );

  withShell(`dev container feature, ${name}: installs the helper`, ({ sandbox }) =>
    inPipeline(sandbox, async (pipeline) => {
      const { world, run, release } = pipeline;
      const prefix = path.join(world.folder, 'usr');
      requireSuccess(
        await run([...shell, '-c', featureScript(release, prefix)], { BASEURL: world.url }),
      );
      assert.equal(fs.readdirSync(path.join(prefix, 'bin')), ['docker-credential-icr']);
      assert.equal(leftIn(pipeline), []);
    }),
  );
}

/** Returns the script of the first `sh` step. */
function jenkinsScript({ release }: Pipeline): string {
  const text = fs.readFileSync(path.join(release, 'icrLogin.groovy'), 'utf8');
  const [, script = ''] = /sh '''([\s\S]*?)'''/.exec(text) ?? [];
  assert.ok(script.startsWith('#!/bin/sh\n'), 'Jenkins traces the commands of other scripts');
  assert.not.match(script, '\\', 'Groovy would interpret the backslash');
  return script;
}

/** Returns the script of the dev container feature, which installs to another prefix. */
function featureScript(release: string, prefix: string): string {
  const archive = path.join(release, 'devcontainer-feature-docker-credential-icr.tgz');
  const script = execFileSync('tar', ['-xzOf', archive, 'install.sh'], { encoding: 'utf8' });
  assert.match(script, '--prefix=/usr/local ');
  return script.replace('--prefix=/usr/local ', `--prefix="${prefix}" `);
}

test('dev container feature: the Dev Containers CLI packs the same files', ({ sandbox }) =>
  inPipeline(sandbox, async ({ world, release, run }) => {
    const source = path.join(world.folder, 'feature');
    const out = path.join(world.folder, 'out');
    fs.mkdirSync(source);
    const name = 'devcontainer-feature-docker-credential-icr.tgz';
    execFileSync('tar', ['-xzf', path.join(release, name), '-C', source]);
    const cli = path.join(root, 'node_modules', '@devcontainers', 'cli', 'devcontainer.js');
    requireSuccess(await run([process.execPath, cli, 'features', 'package', source, '-o', out]));
    assert.ok(fs.existsSync(path.join(out, name)));
    const collection = path.join(out, 'devcontainer-collection.json');
    const [feature] = JSON.parse(fs.readFileSync(collection, 'utf8')).features;
    assert.is(feature.version, stamp.version);
    assert.ok(fs.statSync(path.join(source, 'install.sh')).mode & 0o100);
  }));

needs(test, 'shellcheck')('shellcheck reports nothing for the scripts', ({ sandbox }) =>
  inPipeline(sandbox, async (pipeline) => {
    const scripts = [
      tektonScript(pipeline),
      jenkinsScript(pipeline),
      featureScript(pipeline.release, '/x'),
    ];
    for (const [index, script] of scripts.entries()) {
      const file = path.join(pipeline.world.folder, `${index}.sh`);
      fs.writeFileSync(file, script);
      requireSuccess(await pipeline.run(['shellcheck', '--shell=sh', file]));
    }
  }),
);

test.run();
