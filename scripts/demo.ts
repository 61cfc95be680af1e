/**
 * Shows the helper step by step: with a local IBM Cloud simulator, or, with `--host=us.icr.io` and `IBMCLOUD_API_KEY`
 * in the environment, with IBM Cloud itself. There, `--image=NAMESPACE/NAME:TAG` also fetches a manifest. All files are
 * in a temporary directory, which is removed at the end. Secrets are not shown.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { requireIbmHost } from '../src/cli/host-arguments.ts';
import { HelperError } from '../src/errors.ts';
import { ConnectionError } from '../src/http/connection-error.ts';
import { buildExecutable, executable } from './build.ts';
import { type Cloud, ibmCloud, startSimulator } from './demo-cloud.ts';
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
    throw new DemoError('IMAGE requires HOST, because it is an image in IBM Cloud');
  }
  return { host: host === undefined ? undefined : requireIbmHost(host).name, image };
}

async function startCloud(folder: string, { host, image }: Arguments): Promise<Cloud> {
  if (host === undefined) return await startSimulator(folder);
  return ibmCloud(folder, host, image === undefined ? undefined : parseImage(host, image));
}

async function show(cloud: Cloud): Promise<void> {
  const { env, image, host } = cloud;
  step('IBM Cloud', ...cloud.about);

  step('log in: the API key is typed or piped, and verified with IAM');
  // By default, the API key would be stored in the user's own keychain.
  await runHelper(['login', '--api-key-stdin', '--store', 'file'], { env, input: cloud.apiKey });

  step("register the helper in Docker's config.json");
  await runHelper(['configure'], { env });

  step(`get a credential, as docker pull ${image?.name ?? `${host}/…`} does`);
  const credential = await dockerCredential(env, host);

  if (image === undefined) {
    step('log in with it, as docker login does');
    await signIn(cloud, credential);
    say('to fetch a manifest as well, add IMAGE=NAMESPACE/NAME:TAG');
  } else {
    step('fetch the manifest with it, as docker pull does');
    await pull(cloud, credential, image);
  }
}

/** Calls `use` with a temporary directory, which is removed at the end, also after Ctrl-C. */
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
  console.log('\nDone. The temporary directory is removed.');
  console.log('To use the helper: ./install.sh, then docker-credential-icr setup');
}

/** Prints expected errors as one line. All other errors are bugs and are printed with their stack. */
function report(error: unknown): void {
  const expected = [DemoError, HelperError, ConnectionError].some((kind) => error instanceof kind);
  console.error(expected && error instanceof Error ? `demo: ${error.message}` : error);
  process.exitCode = 1;
}

await demo().catch(report);
