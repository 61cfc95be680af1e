import type { Client, EditPlan } from '../clients/client.ts';
import { installedClients } from '../clients/clients.ts';
import { callsHelper, namesHelper, readCredHelpers, textSetting } from '../clients/cred-helpers.ts';
import { unifiedDiff } from '../clients/diff.ts';
import { docker } from '../clients/docker.ts';
import { isListed } from '../clients/helper-lists.ts';
import { podmanClients } from '../clients/podman.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { helperName, helperOf } from '../program-name.ts';
import { shellQuoted, visible } from '../visible.ts';
import { apply, defaultHosts } from './configure.ts';
import { printLine } from './output.ts';
import { askYesNo } from './prompt.ts';

interface RegisterOptions {
  /** Changes files without confirmation. */
  readonly yes?: boolean | undefined;
  /** Registers `docker-credential-icr-IDENTITY`. */
  readonly identity?: string | undefined;
}

/**
 * Registers the helper for the hosts in every installed client. Shows each change as a diff and asks, unless `yes` is
 * set. Returns false if a change was declined or failed. Throws `cancelled` on Ctrl-C.
 */
export async function registerClients(
  context: Context,
  hosts: readonly string[],
  { yes = false, identity }: RegisterOptions,
): Promise<boolean> {
  let isDone = true;
  for (const client of installedClients(context)) {
    try {
      isDone = (await register(context, client, hosts, { yes, identity })) && isDone;
    } catch (error) {
      if (!(error instanceof HelperError) || error.code === 'cancelled') throw error;
      context.warn(error.message, error.hint);
      isDone = false;
    }
  }
  return isDone;
}

async function register(
  context: Context,
  client: Client,
  hosts: readonly string[],
  { yes, identity }: RegisterOptions,
): Promise<boolean> {
  const makePlan = () =>
    identity === undefined
      ? client.planAdd(context, uncoveredHosts(context, client, hosts))
      : client.planAdd(context, hosts, { helper: helperOf(identity) });
  const plan = makePlan();
  const isRegistered = plan.after === plan.before;
  if (isRegistered)
    printLine(context, `${client.name}: nothing to change in ${visible(plan.file)}`);
  else if (yes || (await agrees(context, plan))) await apply(context, makePlan);
  else {
    const option = identity === undefined ? '' : ` --identity ${shellQuoted(identity)}`;
    const hint = `run docker-credential-icr configure --client ${client.name}${option}`;
    context.warn(`${plan.file} was not changed`, hint);
    return false;
  }
  for (const { message, hint } of plan.notes) context.warn(message, hint);
  return true;
}

/** Returns the hosts that need an entry: as Docker's `credsStore` or in a `registries.conf`, the helper is called for all. */
function uncoveredHosts(context: Context, client: Client, hosts: readonly string[]) {
  if (client.name === 'podman') {
    return isListed(context) ? [] : hosts;
  }
  const read = readCredHelpers(client.file(context));
  const isStore = textSetting(read, 'credsStore') === helperName;
  return isStore ? hosts.filter((host) => !callsHelper('docker', read, host)) : hosts;
}

async function agrees(context: Context, plan: EditPlan): Promise<boolean> {
  const terminal = context.terminal();
  if (terminal === undefined) {
    throw new HelperError('invalid-input', `no terminal to confirm a change of ${plan.file}`, {
      hint: 'add --yes to change files without confirmation',
    });
  }
  context.stdout(unifiedDiff(plan));
  try {
    return await askYesNo(terminal, 'Change this file', 'yes');
  } catch (error) {
    if (!(error instanceof HelperError) || error.code !== 'cancelled') throw error;
    throw new HelperError('cancelled', `${plan.file} was not changed`);
  }
}

/** If the helper is not registered in any client, asks to register it; non-interactively, prints the command for it. */
export async function offerToRegister(context: Context): Promise<void> {
  if (isAnyRegistered(context)) return;
  const canAsk = context.terminal() !== undefined && installedClients(context).length > 0;
  if (canAsk) await registerClients(context, await defaultHosts(context), {});
  else printLine(context, 'next: docker-credential-icr configure');
}

function isAnyRegistered(context: Context): boolean {
  return (
    isRegistered(() => namesHelper('docker', readCredHelpers(docker.file(context)))) ||
    podmanClients(context).some((client) =>
      isRegistered(() => namesHelper('podman', readCredHelpers(client.file(context)))),
    ) ||
    isRegistered(() => isListed(context))
  );
}

/** Returns false if the file cannot be read; `configure` reports the error. */
function isRegistered(check: () => boolean): boolean {
  try {
    return check();
  } catch (error) {
    if (error instanceof HelperError) return false;
    throw error;
  }
}
