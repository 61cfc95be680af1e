import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { writeCiFiles } from '../../scripts/package/ci-files.ts';
import { root } from '../../scripts/package/stamp.ts';
import { testUnless } from '../support/skip.ts';
import { isInstalled } from './release.ts';

const test = suite('templates for CI systems: linter and compiler');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-ci-syntax-'));
const stamp = { version: '1.2.3', commit: 'c'.repeat(40), epoch: 0 };
fs.copyFileSync(path.join(root, 'install.sh'), path.join(folder, 'install.sh'));
const location = { baseUrl: 'https://downloads.example/icr', homepage: 'https://icr.example' };
await writeCiFiles(folder, stamp, location);
test.after(() => fs.rmSync(folder, { recursive: true }));

const linter = path.join(root, 'packaging/node/node_modules/@ibm/tekton-lint/dist/lint.js');
const withLinter = testUnless(test, !fs.existsSync(linter) && 'tekton-lint is not installed');

function lint(text: string): { status: number | null; output: string } {
  const file = path.join(folder, 'task.yaml');
  fs.writeFileSync(file, text);
  const { status, stdout, stderr } = spawnSync('node', [linter, file], { encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

withLinter(
  'IBM’s linter reports nothing for the Tekton Task, and finds an unknown parameter',
  () => {
    const text = fs.readFileSync(path.join(folder, 'docker-credential-icr.tekton.yaml'), 'utf8');
    const { status, output } = lint(text);
    assert.is(status, 0, output);
    assert.not.match(output, /error|warning/);
    assert.match(lint(text.replace('$(params.secret)', '$(params.other)')).output, 'other');
  },
);

const withGroovy = testUnless(
  test,
  !['groovy', 'java'].every(isInstalled) && 'groovy or java is not installed',
);

/** Debian's groovy looks for Java at a path that only the package default-jre creates. */
function javaHome(): string {
  const java = execFileSync('sh', ['-c', 'command -v java'], { encoding: 'utf8' }).trim();
  return path.resolve(fs.realpathSync(java), '../..');
}

/** Replaces the steps of Jenkins: they print their arguments, and `sh` fails if `FAIL` is set. */
const harness = `
class Step extends Script {
  Map env = [WORKSPACE_TMP: '/w@tmp', BUILD_NUMBER: '7']
  def withEnv(List given, Closure body) { given.each { println it }; body() }
  def withCredentials(List given, Closure body) { println given[0]; body() }
  def string(Map given) { given }
  def sh(String script) {
    println(script.startsWith('#!') ? 'login' : script)
    if (System.getenv('FAIL') && script.startsWith('#!')) throw new RuntimeException('failed')
  }
  def run() {}
}
def configuration = new org.codehaus.groovy.control.CompilerConfiguration()
configuration.scriptBaseClass = Step.name
def step = new GroovyShell(Step.classLoader, new Binding(), configuration).parse(new File(args[0]))
step.call(registries: 'us.icr.io') { println 'closure' }
`;

function groovy(env: Record<string, string> = {}) {
  const file = path.join(folder, 'harness.groovy');
  fs.writeFileSync(file, harness);
  const words = [file, path.join(folder, 'icrLogin.groovy')];
  return spawnSync('groovy', words, {
    encoding: 'utf8',
    env: { ...process.env, JAVA_HOME: javaHome(), ...env },
  });
}

withGroovy(
  'Jenkins: the step compiles, logs in, runs the closure and removes the directory',
  () => {
    const { status, stdout, stderr } = groovy();
    assert.is(status, 0, stderr);
    assert.match(stdout, /^ICR_REGISTRIES=us\.icr\.io$/m);
    assert.match(stdout, /^ICR_PRESENT=iambearer$/m);
    assert.match(stdout, /^DOCKER_CONFIG=\/w@tmp\/icr-7-[\w-]+\/docker$/m);
    assert.match(stdout, /login\nclosure\nrm -rf "\$ICR_FOLDER"\n$/);
  },
);

withGroovy(
  'Jenkins: removes the directory if the login fails, and does not run the closure',
  () => {
    const { status, stdout } = groovy({ FAIL: '1' });
    assert.is.not(status, 0);
    assert.match(stdout, /login\nrm -rf "\$ICR_FOLDER"\n$/);
  },
);

test.run();
