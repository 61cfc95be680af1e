// Installs the helper and logs in: the main step of action.yml.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { jobDirectory } from './directory.js';
import { addPath, fail, input, mask, required, setOutput } from './runner.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const program = 'docker-credential-icr';

function main() {
  const apiKey = input('api-key');
  maskKey(apiKey);
  const profile = input('trusted-profile');
  if (apiKey === '' && profile === '') {
    throw new Error(
      'api-key is empty; set it to a secret, which is empty in pull requests from forks, or set trusted-profile',
    );
  }
  const hosts = readHosts(input('registries'));
  const version = input('version').replace(/^v/, '') || readVersion();
  // Before anything is created that the post step could not find.
  for (const name of ['GITHUB_STATE', 'GITHUB_ENV', 'GITHUB_PATH', 'GITHUB_OUTPUT']) required(name);
  const directory = jobDirectory();
  const bin = path.join(directory, 'bin');
  process.env.PATH = [bin, process.env.PATH].join(path.delimiter);
  const executable = install(directory, version);
  run(executable, ['configure', ...hosts]);
  run(executable, ['login', ...loginOptions(profile, apiKey), ...hosts], apiKey);
  addPath(bin);
  setOutput('version', version);
  setOutput('path', executable);
}

/** Masks the key, and the key inside the JSON of the ibmcloud CLI. */
function maskKey(text) {
  if (text === '') return;
  mask(text);
  const [, inside] = /"apikey"\s*:\s*"([^"]+)"/.exec(text) ?? [];
  if (inside !== undefined) mask(inside);
}

function readHosts(text) {
  const hosts = text.split(/[\s,]+/).filter((host) => host !== '');
  const option = hosts.find((host) => host.startsWith('-'));
  if (option !== undefined) throw new Error(`invalid host in registries: ${option}`);
  return hosts;
}

function readVersion() {
  return JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')).version;
}

/** install.sh downloads the archive for this machine and verifies its checksum. */
function install(directory, version) {
  const script = path.join(root, 'install.sh');
  const options = [`--prefix=${directory}`, `--version=${version}`, `--base-url=${releases()}`];
  run('sh', [script, ...options]);
  const name = process.platform === 'win32' ? `${program}.exe` : program;
  return path.join(directory, 'bin', name);
}

function releases() {
  const { GITHUB_ACTION_REPOSITORY, GITHUB_REPOSITORY } = process.env;
  // The first one is empty if the workflow uses an action of its own checkout.
  const repository = GITHUB_ACTION_REPOSITORY || GITHUB_REPOSITORY;
  return input('base-url') || `${required('GITHUB_SERVER_URL')}/${repository}/releases/download`;
}

function loginOptions(profile, apiKey) {
  // A keychain of the runner would outlive the job.
  const options = ['--store=file', `--present=${input('present') || 'iambearer'}`];
  const identity = input('identity');
  if (identity !== '') options.push(`--identity=${identity}`);
  if (profile !== '') options.push(`--trusted-profile=${profile}`);
  if (apiKey !== '') options.push('--api-key-stdin');
  return options;
}

/** Runs a program without the inputs of the action in its environment; throws its error message if it fails. */
function run(file, words, stdin = '') {
  const names = Object.keys(process.env).filter((name) => !name.startsWith('INPUT_'));
  const env = Object.fromEntries(names.map((name) => [name, process.env[name]]));
  const stdio = ['pipe', 'inherit', 'pipe'];
  const { status, stderr, error } = spawnSync(file, words, { env, input: stdin, stdio });
  if (error !== undefined) throw new Error(`could not run ${file}: ${error.message}`);
  process.stderr.write(stderr);
  if (status !== 0) throw new Error(`${stderr}`.trim() || `${file} failed with status ${status}`);
}

try {
  main();
} catch (error) {
  fail(error.message);
}
