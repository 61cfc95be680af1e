import path from 'node:path';
import { ConnectionError } from '../src/http/connection-error.ts';
import { send } from '../src/http/send.ts';
import { apiKeyIn } from '../src/identity/api-key-variable.ts';
import { processContext } from '../src/process-context.ts';
import { ambientVariables } from '../src/secret-variables.ts';
import { ask } from '../test/sandbox/ask.ts';
import { demoImage } from '../test/sandbox/mini-registry.ts';
import { startSandbox } from '../test/sandbox/sandbox.ts';
import { executable } from './build.ts';
import { type Image, parseImage } from './demo-image.ts';
import { DemoError } from './demo-output.ts';

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly header: (name: string) => string | undefined;
}

/** IBM Cloud, or its local simulator. */
export interface Cloud {
  readonly host: string;
  readonly image: Image | undefined;
  readonly apiKey: string;
  /** The environment of the helper. */
  readonly env: Readonly<Record<string, string>>;
  /** Lines to print for the user. */
  readonly about: readonly string[];
  /** Sends a GET. */
  readonly get: (url: URL, headers: Readonly<Record<string, string>>) => Promise<Answer>;
  readonly close: () => Promise<void>;
}

/** Returns variables for a separate home directory, with the helper first on `PATH`. */
function homeIn(folder: string) {
  return {
    HOME: folder,
    DOCKER_CONFIG: path.join(folder, 'docker'),
    PATH: [path.dirname(executable), process.env.PATH].join(path.delimiter),
  };
}

/** Starts the local IBM Cloud simulator in this process. */
export async function startSimulator(folder: string): Promise<Cloud> {
  const sandbox = await startSandbox({ folder: path.join(folder, 'ibm-cloud') });
  const { iamUrl, caFile, accounts } = sandbox;
  const owner = accounts.addServiceId({ name: 'demo' });
  const host = 'us.icr.io';
  const registry = { host: '127.0.0.1', port: Number(new URL(sandbox.registryUrl).port) };
  return {
    host,
    image: parseImage(host, `${demoImage.repository}:${demoImage.tag}`),
    apiKey: accounts.addApiKey({ owner: owner.iamId }).value,
    env: {
      ...homeIn(folder),
      IBMCLOUD_IAM_API_ENDPOINT: iamUrl,
      NODE_EXTRA_CA_CERTS: caFile,
    },
    about: [
      'simulated locally, in this process; to use IBM Cloud with your API key:',
      'IBMCLOUD_API_KEY=… make demo HOST=us.icr.io',
      `IAM is at ${iamUrl}, ${host} at ${registry.host}:${registry.port}`,
    ],
    get: async (url, headers) => {
      const {
        status,
        text,
        headers: answered,
      } = await ask(url.href, {
        caFile,
        connect: registry,
        headers,
      });
      return { status, text, header: (name) => [answered[name]].flat()[0] };
    },
    close: sandbox.close,
  };
}

/**
 * Returns the user's environment without the variables that would make the helper use other credentials than the
 * demo's.
 */
function cleanEnvironment(): Record<string, string> {
  const elsewhere = /^(DOCKER_|XDG_|REGISTRY_AUTH_FILE$)/;
  const kept = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined || elsewhere.test(name) || ambientVariables.includes(name)
      ? []
      : [[name, value] as const],
  );
  return Object.fromEntries(kept);
}

function keyOfEnvironment(): string {
  const name = 'IBMCLOUD_API_KEY';
  const value = process.env[name];
  if (!value)
    throw new DemoError(`${name} is not set; set it to an API key of your IBM Cloud account`);
  return apiKeyIn(name, value);
}

const timeLimitMs = 30_000;

async function getFromInternet(
  url: URL,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  const signal = AbortSignal.timeout(timeLimitMs);
  try {
    return await send(processContext(), { method: 'GET', url, headers }, signal);
  } catch (error) {
    if (signal.aborted)
      throw new DemoError(`${url.host} did not answer in ${timeLimitMs / 1000} s`);
    if (error instanceof ConnectionError) throw new DemoError(`${url.host}: ${error.message}`);
    throw error;
  }
}

/** Returns IBM Cloud itself, with the API key in IBMCLOUD_API_KEY. */
export function ibmCloud(folder: string, host: string, image: Image | undefined): Cloud {
  return {
    host,
    image,
    apiKey: keyOfEnvironment(),
    env: { ...cleanEnvironment(), ...homeIn(folder) },
    about: [`IBM Cloud at ${host}, with the API key in IBMCLOUD_API_KEY`],
    get: getFromInternet,
    close: () => Promise.resolve(),
  };
}
