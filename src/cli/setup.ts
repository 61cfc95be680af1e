import { installedClients } from '../clients/clients.ts';
import { linkName } from '../clients/helper-link.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { isOnPath } from '../files/executables.ts';
import { program } from '../program-name.ts';
import { hostKey } from '../registry/match.ts';
import type { RegistryHost } from '../registry/parse.ts';
import { shellQuoted } from '../visible.ts';
import type { Command } from './command.ts';
import { configure, defaultHosts } from './configure.ts';
import { firstCommand } from './first-command.ts';
import { requireIbmHost } from './host-arguments.ts';
import { addNamedHelper, requireNamed } from './named-helper.ts';
import { printLine } from './output.ts';
import { registerClients } from './register-clients.ts';
import { secretOptions, storeOption } from './secret-options.ts';
import { ensureLoggedIn, requestRegistryToken, type SetupArgs } from './setup-login.ts';

export const setup: Command<SetupArgs> = {
  options: {
    ...secretOptions,
    store: storeOption,
    identity: {
      type: 'string',
      describe: 'set up docker-credential-icr-IDENTITY, which uses only this identity',
    },
    remove: {
      type: 'boolean',
      describe: "remove the helper from the clients' files; identities and secrets are kept",
    },
    yes: { type: 'boolean', alias: 'y', describe: "change clients' files without confirmation" },
    verify: {
      type: 'boolean',
      default: true,
      describe: 'verify with IAM and the registry; --no-verify skips it',
    },
  },
  examples: [
    ['setup', 'ask for an API key and set up every installed client'],
    ['setup us.icr.io', 'for one host only'],
    ['setup --identity prod us.icr.io', 'use a second account for one host'],
    ['setup --identity prod --remove', 'undo that'],
    ['setup --api-key-stdin --yes <key.txt', 'in scripts'],
    ['setup --yes', 'in CI, with IBMCLOUD_API_KEY set: configure clients, store nothing'],
  ],
  run: async (rawContext, args) => {
    const { identity } = args;
    if (args.remove) return removeSetup(rawContext, args);
    // Lookups then use the identity as docker-credential-icr-IDENTITY does.
    const context = identity === undefined ? rawContext : { ...rawContext, identity };
    const hosts = (args.hosts ?? []).map(requireIbmHost);
    // Checked before a secret is read, because some secrets can be used only once.
    requireConfirmable(context, args);
    if (identity !== undefined) {
      requireNamed(
        context,
        identity,
        hosts.map(({ name }) => name),
      );
    }
    const targets = await ensureLoggedIn(context, hosts, args);
    const names = hosts.length > 0 ? hosts.map(({ name }) => name) : await defaultHosts(context);
    if (identity !== undefined) addNamedHelper(context, identity, names);
    const isRegistered = await registerClients(context, [...new Set(names)], args);
    const isCallable = warnIfNotCallable(context);
    if (args.verify) for (const host of targets) await reportToken(context, host);
    if (!isRegistered || !isCallable) return 1;
    const command = await firstCommand(context, targets[0], args.verify);
    context.stdout(`Setup is complete. Try it:\n${command}\n`);
    return 0;
  },
};

/** Removes what `setup` with the same arguments registered. Returns the exit status. */
async function removeSetup(context: Context, { hosts, identity }: SetupArgs): Promise<number> {
  const status = await configure.run(context, {
    client: 'all',
    remove: true,
    ...(hosts === undefined ? {} : { hosts }),
    ...(identity === undefined ? {} : { identity }),
  });
  const name = identity === undefined ? '' : ` --identity ${shellQuoted(identity)}`;
  printLine(context, `next, to remove the secret: ${program} logout${name}`);
  return status;
}

/** Throws `invalid-input` if changes of clients' files cannot be confirmed. */
function requireConfirmable(context: Context, { yes }: SetupArgs): void {
  if (yes || context.terminal() !== undefined) return;
  throw new HelperError('invalid-input', "no terminal to confirm changes of clients' files", {
    hint: 'add --yes to change them without confirmation',
  });
}

/** Returns false if no client is installed, or if clients cannot find this program. */
function warnIfNotCallable(context: Context): boolean {
  if (installedClients(context).length === 0) {
    const hint = 'install one, then run docker-credential-icr setup again';
    context.warn('no client is on PATH: docker, podman, nerdctl, skopeo, buildah', hint);
    return false;
  }
  const name = context.identity === undefined ? program : linkName(context.identity);
  if (isOnPath(context, name)) return true;
  const hint = 'add its directory to PATH, then run docker-credential-icr setup again';
  context.warn(`${name} is not on PATH, so clients cannot run it`, hint);
  return false;
}

async function reportToken(context: Context, host: RegistryHost): Promise<void> {
  try {
    await requestRegistryToken(context, host);
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    const hint =
      error.serviceCode === 'DENIED'
        ? `run docker-credential-icr explain ${shellQuoted(host.name)}/NAMESPACE/IMAGE`
        : `run docker-credential-icr doctor --registry ${shellQuoted(host.name)}`;
    throw new HelperError(error.code, error.message, { cause: error.cause, hint });
  }
  printLine(context, `${hostKey(host)} issued a token`);
}
