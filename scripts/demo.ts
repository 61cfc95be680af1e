/**
 * The helper at work, step by step: on loopback, or with `--host=us.icr.io` and `IBMCLOUD_API_KEY` in the
 * environment against the real IBM Cloud, there with `--image=NAMESPACE/NAME:TAG` as far as a manifest.
 * Everything is in a folder of its own, which is gone afterwards, and no secret is shown.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { requireIbmHost } from '../src/cli/hosts.ts';
import { HelperError } from '../src/errors.ts';
import { ConnectionError } from '../src/iam/connection-error.ts';
import { buildExecutable, executable } from './build.ts';
import { type Cloud, loopbackCloud, realCloud } from './demo-cloud.ts';
import { parseImage } from './demo-image.ts';
import { DemoError, say, step } from './demo-output.ts';
import { dockerCredential, killPrograms, runHelper } from './demo-programs.ts';
import { pull, signIn } from './demo-registry.ts';

interface Arguments {
  readonly host: string | undefined;
  readonly image: string | undefined;
}

function parseArguments(): Arguments {
  const options = { host: { type: 'string' }, image: { type: 'string' } } as const;
  const { host, image } = parseArgs({ options }).values;
  if (host === undefined && image !== undefined) {
    throw new DemoError('IMAGE is an image of the real IBM Cloud; name its HOST as well');
  }
  return { host: host === undefined ? undefined : requireIbmHost(host).name, image };
}

async function startCloud(folder: string, { host, image }: Arguments): Promise<Cloud> {
  if (host === undefined) return await loopbackCloud(folder);
  return realCloud(folder, host, image === undefined ? undefined : parseImage(host, image));
}

async function show(cloud: Cloud): Promise<void> {
  const { env, image, host } = cloud;
  step('IBM Cloud', ...cloud.about);

  step('log in: the API key is typed or piped, and checked with IAM');
  // Else it would go to the person's own keychain.
  await runHelper(['login', '--api-key-stdin', '--store', 'file'], { env, input: cloud.apiKey });

  step("name the helper in Docker's config.json");
  await runHelper(['configure'], { env });

  step(`ask for a credential, as docker pull ${image?.name ?? `${host}/…`} does`);
  const credential = await dockerCredential(env, host);

  if (image === undefined) {
    step('sign in with it, as docker login does');
    await signIn(cloud, credential);
    say('with IMAGE=NAMESPACE/NAME:TAG, an image of yours, a manifest would be fetched as well');
  } else {
    step('fetch the manifest with it, as docker pull does');
    await pull(cloud, credential, image);
  }
}

/** The folder goes whatever happens, Ctrl-C included. */
async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-demo-'));
  const remove = () => fs.rmSync(folder, { recursive: true, force: true });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      killPrograms();
      remove();
      process.exit(128 + os.constants.signals[signal]);
    });
  }
  try {
    await use(folder);
  } finally {
    remove();
  }
}

async function demo(): Promise<void> {
  const words = parseArguments();
  if (!fs.existsSync(executable)) buildExecutable();
  await inFolder(async (folder) => {
    const cloud = await startCloud(folder, words);
    try {
      await show(cloud);
    } finally {
      await cloud.close();
    }
  });
  console.log('\nThat was all. The folder it happened in is removed.');
  console.log(
    'To use it: ./install.sh, then docker-credential-icr login, then docker-credential-icr configure',
  );
}

/** What a person can do something about is one line; anything else is a bug, to be seen whole. */
function report(error: unknown): void {
  const expected = [DemoError, HelperError, ConnectionError].some((kind) => error instanceof kind);
  console.error(expected && error instanceof Error ? `demo: ${error.message}` : error);
  process.exitCode = 1;
}

await demo().catch(report);
