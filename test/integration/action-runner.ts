import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import manifest from '../../package.json' with { type: 'json' };
import { root } from '../../scripts/package/stamp.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { collect, executable, type Outcome } from '../support/helper.ts';
import { inWorld, publish, type World } from './install-download-world.ts';

export const action = parse(fs.readFileSync(path.join(root, 'action.yml'), 'utf8'));
const fileVariables = ['GITHUB_ENV', 'GITHUB_PATH', 'GITHUB_OUTPUT', 'GITHUB_STATE'] as const;

export interface StepOutcome extends Outcome {
  readonly outputs: Readonly<Record<string, string>>;
  readonly state: Readonly<Record<string, string>>;
}

/** A job on a runner. `env` is the environment of the next step. */
export interface Job {
  readonly world: World;
  readonly temporary: string;
  readonly env: Record<string, string>;
  /** Runs the main step with these inputs, and the defaults of action.yml. */
  readonly main: (inputs: Readonly<Record<string, string>>) => Promise<StepOutcome>;
  readonly post: (main: StepOutcome) => Promise<StepOutcome>;
  /** Calls an executable on the PATH of the job. */
  readonly call: (words: readonly string[], input?: string) => Promise<Outcome>;
}

/** Runs `use` with a job whose action downloads a release of this version from loopback. */
export function inJob(sandbox: Sandbox, use: (job: Job) => Promise<void>): Promise<void> {
  return inWorld(async (world) => {
    await publish(world, manifest.version, {
      executable: `#!/bin/sh\nexec "${executable}" "$@"\n`,
    });
    const temporary = path.join(world.folder, '_temp');
    fs.mkdirSync(temporary);
    const env: Record<string, string> = {
      HOME: world.home,
      PATH: process.env.PATH ?? '',
      RUNNER_TEMP: temporary,
      TMPDIR: path.join(world.folder, 'tmp'),
      GITHUB_SERVER_URL: 'https://github.example',
      GITHUB_REPOSITORY: 'team/app',
      IBMCLOUD_IAM_API_ENDPOINT: sandbox.iamUrl,
      DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS: sandbox.metadataUrl,
      SSL_CERT_FILE: sandbox.caFile,
    };
    const step = (script: string, more: Readonly<Record<string, string>>) =>
      runStep(path.join(root, script), env, more, world.folder);
    await use({
      world,
      temporary,
      env,
      main: (inputs) =>
        step(action.runs.main, inputVariables({ 'base-url': world.url, ...inputs })),
      post: ({ state }) => step(action.runs.post, prefixed('STATE_', state)),
      call: (words, input = '') => {
        const child = spawn('/bin/sh', ['-c', 'exec "$@"', 'sh', ...words], { env });
        child.stdin.end(input);
        return collect(child);
      },
    });
  });
}

function inputVariables(given: Readonly<Record<string, string>>): Record<string, string> {
  const inputs = Object.entries<{ default: string }>(action.inputs);
  const defaults = Object.fromEntries(inputs.map(([name, input]) => [name, input.default]));
  const all = Object.entries({ ...defaults, ...given });
  return Object.fromEntries(all.map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]));
}

function prefixed(prefix: string, values: Readonly<Record<string, string>>) {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [prefix + key, value]));
}

/** Runs a step like the runner: with empty files for its results, which it applies to `env`. */
async function runStep(
  script: string,
  env: Record<string, string>,
  more: Readonly<Record<string, string>>,
  folder: string,
): Promise<StepOutcome> {
  const files = Object.fromEntries(
    fileVariables.map((name) => [name, path.join(folder, `${name}.txt`)]),
  ) as Record<(typeof fileVariables)[number], string>;
  for (const file of Object.values(files)) fs.writeFileSync(file, '');
  const child = spawn('node', [script], { env: { ...files, ...env, ...more }, cwd: folder });
  child.stdin.end();
  const outcome = await collect(child);
  Object.assign(env, readValues(files.GITHUB_ENV));
  const added = fs.readFileSync(files.GITHUB_PATH, 'utf8').split('\n').filter(Boolean);
  env.PATH = [...added, env.PATH].join(':');
  return {
    ...outcome,
    outputs: readValues(files.GITHUB_OUTPUT),
    state: readValues(files.GITHUB_STATE),
  };
}

/** Parses the format `NAME<<DELIMITER`, the value, `DELIMITER`. */
function readValues(file: string): Record<string, string> {
  const text = fs.readFileSync(file, 'utf8');
  const entries = [...text.matchAll(/^([^\n=]+?)<<(\S+)\n([\s\S]*?)\n\2$/gm)];
  return Object.fromEntries(entries.map(([, name = '', , value = '']) => [name, value]));
}
