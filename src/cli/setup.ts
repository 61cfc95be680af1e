import { typed } from '../clients/notes.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { isOnPath } from '../files/executables.ts';
import { hostKey } from '../registry/match.ts';
import type { RegistryHost } from '../registry/parse.ts';
import type { Command } from './command.ts';
import { usualHosts } from './configure.ts';
import { requireIbmHost } from './host-arguments.ts';
import { installedClients, registerClients } from './register-clients.ts';
import { secretOptions, storeOption } from './secret-options.ts';
import { ensureLoggedIn, type SetupArgs } from './setup-login.ts';

export const setup: Command<SetupArgs> = {
  options: {
    ...secretOptions,
    store: storeOption,
    yes: { type: 'boolean', alias: 'y', describe: "change clients' files without a question" },
    verify: {
      type: 'boolean',
      default: true,
      describe: 'verify with IAM and the registry; --no-verify skips it',
    },
  },
  examples: [
    ['setup', 'asks for an API key and sets up every installed client'],
    ['setup us.icr.io', 'for one host only'],
    ['setup --api-key-stdin --yes <key.txt', 'in scripts'],
    ['setup --yes', 'in CI with IBMCLOUD_API_KEY set: stores nothing, configures clients'],
  ],
  run: async (context, args) => {
    const hosts = (args.hosts ?? []).map(requireIbmHost);
    // Before a secret is read: some can be used only once.
    requireConsent(context, args);
    const targets = await ensureLoggedIn(context, hosts, args);
    const names = hosts.length > 0 ? hosts.map(({ name }) => name) : await usualHosts(context);
    const isRegistered = await registerClients(context, [...new Set(names)], args);
    const isCallable = warnIfNotCallable(context);
    if (args.verify) for (const host of targets) await reportToken(context, host);
    if (!isRegistered || !isCallable) return 1;
    context.stdout(`Setup is complete. Pull an image:\n${pullCommand(context, targets[0])}\n`);
    return 0;
  },
};

function requireConsent(context: Context, { yes }: SetupArgs): void {
  if (yes || context.terminal() !== undefined) return;
  throw new HelperError('invalid-input', "no terminal to confirm changes of clients' files", {
    hint: 'add --yes to change them without a question',
  });
}

/** Returns false if no client is installed, or if clients cannot find this program. */
function warnIfNotCallable(context: Context): boolean {
  if (installedClients(context).length === 0) {
    const hint = 'install one, then run docker-credential-icr setup again';
    context.warn('no client is on PATH: docker, podman, nerdctl, skopeo, buildah', hint);
    return false;
  }
  if (isOnPath(context, 'docker-credential-icr')) return true;
  const hint = 'add its directory to PATH, then run docker-credential-icr setup again';
  context.warn('docker-credential-icr is not on PATH, so clients cannot run it', hint);
  return false;
}

async function reportToken(context: Context, host: RegistryHost): Promise<void> {
  const { requestRegistryToken } = await import('./registry-check.ts');
  try {
    await requestRegistryToken(context, host);
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    const hint = `run docker-credential-icr doctor --registry ${typed(host.name)}`;
    throw new HelperError(error.code, error.message, { cause: error.cause, hint });
  }
  context.stdout(`${hostKey(host)} issued a token\n`);
}

/** Words before the image's name, by program, in the order of preference. */
const pulls: readonly (readonly [program: string, words: string])[] = [
  ['docker', 'docker pull '],
  ['podman', 'podman pull '],
  ['nerdctl', 'nerdctl pull '],
  ['buildah', 'buildah pull '],
  ['skopeo', 'skopeo inspect docker://'],
];

/** IBM's public sample image on the global host; regional hosts have none. */
const sampleImage = 'icr.io/codeengine/helloworld';

function pullCommand(context: Context, host: RegistryHost | undefined): string {
  const words = pulls.find(([program]) => isOnPath(context, program))?.[1] ?? 'docker pull ';
  if (host === undefined || (host.name === 'icr.io' && host.namespace === undefined)) {
    return `${words}${sampleImage}`;
  }
  return `${words}${host.name}/${host.namespace ?? 'NAMESPACE'}/IMAGE`;
}
