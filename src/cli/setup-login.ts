import { readSettings } from '../config/read-settings.ts';
import { isUsable } from '../config/settings.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { findCredential } from '../identity/find.ts';
import { answeredHosts } from '../identity/hosts.ts';
import { loginCommand } from '../identity/login-command.ts';
import { lookupIn, mappingKeyFor } from '../identity/lookup.ts';
import { endSignOut, isSignedOut } from '../identity/signed-out.ts';
import { own } from '../json-object.ts';
import { hostKey, isIbmHost } from '../registry/match.ts';
import type { RegistryHost } from '../registry/parse.ts';
import { apiKeyVariables } from '../secret-variables.ts';
import { visible } from '../visible.ts';
import { mappingKey, requireIbmHost } from './host-arguments.ts';
import { type LoginArgs, logIn } from './login.ts';
import { printLine } from './output.ts';
import { isSignOn } from './secret-options.ts';

export interface SetupArgs {
  readonly hosts?: readonly string[];
  readonly apiKeyStdin?: boolean;
  readonly apiKeyFile?: string;
  readonly sso?: boolean;
  readonly passcode?: boolean;
  readonly trustedProfile?: string;
  readonly store?: string;
  readonly remove?: boolean;
  readonly yes?: boolean;
  readonly identity?: string;
  readonly verify: boolean;
}

const apiKeyPage = 'https://cloud.ibm.com/iam/apikeys';
const registryTimeoutMs = 10_000;

/**
 * Ensures that each host has a credential. Valid credentials are kept; the user is asked to replace missing and refused
 * ones. Stores nothing if an API key is in the environment. Returns the hosts to verify. Throws `HelperError`.
 */
export async function ensureLoggedIn(
  context: Context,
  hosts: readonly RegistryHost[],
  args: SetupArgs,
): Promise<readonly RegistryHost[]> {
  if (args.apiKeyStdin || (args.apiKeyFile ?? args.trustedProfile) !== undefined) {
    // docker-credential-icr-IDENTITY needs no mapping.
    const mapped = args.identity === undefined ? hosts.map(mappingKey) : [];
    await logInto(context, { ...loginArgs(args), hosts: mapped });
    return hosts.length > 0 ? hosts : [globalHost];
  }
  const targets = hosts.length > 0 ? hosts : await hostsInUse(context);
  const variable = isSignOn(args) || args.identity !== undefined ? undefined : keyVariable(context);
  if (variable !== undefined) {
    for (const host of targets) await reportUseOf(context, variable, host);
    return targets;
  }
  const faults = await faultsOf(context, targets, args);
  if (faults.length === 0) printLine(context, `Already logged in to ${listOf(targets)}`);
  else await repair(context, faults, hosts.length > 0, args);
  return targets;
}

const globalHost = requireIbmHost('icr.io');

/** Saves an identity as `setup`, not as `docker-credential-icr-IDENTITY`. */
function logInto(context: Context, args: LoginArgs): Promise<void> {
  return logIn({ ...context, identity: undefined }, args, 'setup');
}

/** Returns the global host, or the hosts with a credential if that is not one of them. */
async function hostsInUse(context: Context): Promise<readonly RegistryHost[]> {
  const answers = await answeredHosts({ ...context, warn: () => {} }, { namespaces: true });
  const hosts = answers.map(({ host }) => host).filter(isIbmHost);
  const isGlobal = hosts.length === 0 || hosts.some(({ name }) => name === globalHost.name);
  return isGlobal ? [globalHost] : hosts;
}

function keyVariable({ env }: Context): string | undefined {
  return apiKeyVariables.find((name) => env[name]?.trim());
}

/** Reports which credential the host uses, after removing its sign-out mark like a login. Throws the lookup's errors. */
async function reportUseOf(context: Context, variable: string, host: RegistryHost): Promise<void> {
  const key = hostKey(host);
  if (isSignedOut(context, key)) endSignOut(context, key);
  const found = await findCredential(lookupIn(context), host);
  const isVariable = found?.variable === variable;
  const source = isVariable ? `the API key in ${variable}` : (found?.location ?? 'nothing');
  printLine(context, `${key} uses ${visible(source)}; nothing is stored`);
}

/** A host without a valid credential. `error` is undefined if the credential is missing. */
interface Fault {
  readonly host: RegistryHost;
  readonly error?: HelperError;
}

async function faultsOf(
  context: Context,
  hosts: readonly RegistryHost[],
  { verify, identity }: SetupArgs,
): Promise<readonly Fault[]> {
  const isNew =
    identity !== undefined && own(readSettings(context).identities, identity) === undefined;
  if (isNew) return hosts.map((host) => ({ host }));
  const faults: Fault[] = [];
  for (const host of hosts) {
    try {
      const found = await findCredential(lookupIn(context), host);
      if (found === undefined) faults.push({ host });
      else if (verify) await requestRegistryToken(context, host);
    } catch (error) {
      if (!(error instanceof HelperError)) throw error;
      if (error.code === 'unreachable') throw withHint(error, 'try again, or add --no-verify');
      faults.push({ host, error });
    }
  }
  return faults;
}

/**
 * Requests a token from the registry with the credential that clients get. Throws `not-found` without a credential, the
 * errors of the lookup, `refused` with the registry's message, and `unreachable`.
 */
export async function requestRegistryToken(context: Context, host: RegistryHost): Promise<void> {
  const key = hostKey(host);
  const found = await findCredential(lookupIn(context), host);
  if (found === undefined) throw new HelperError('not-found', `${key}: not logged in`);
  const credential = { Username: found.username, Secret: await found.secret() };
  const { signInAsDocker } = await import('../registry/docker-exchange.ts');
  await signInAsDocker(context, key, credential, context.now() + registryTimeoutMs);
}

/** If an identity is mapped to a host, replaces its secret. For the other hosts, logs in as `login HOST...` does. */
async function repair(
  context: Context,
  faults: readonly Fault[],
  areHostsNamed: boolean,
  args: SetupArgs,
): Promise<void> {
  const renewals = new Map<string, LoginArgs>();
  const unmapped: RegistryHost[] = [];
  for (const { host, error } of faults) {
    if (error !== undefined) context.warn(`${hostKey(host)}: ${error.message}`);
    const name = args.identity ?? identityOf(context, host);
    if (name === undefined) unmapped.push(host);
    else renewals.set(name, renewalOf(context, name, args));
  }
  if (!isSignOn(args) && context.terminal() !== undefined) {
    printLine(context, `Create an API key at ${apiKeyPage}`);
    printLine(context, 'To sign in with a browser instead, run docker-credential-icr setup --sso');
  }
  for (const renewal of renewals.values()) await logInto(context, renewal);
  if (unmapped.length === 0) return;
  const isNamed = areHostsNamed || unmapped.some(({ name }) => name !== globalHost.name);
  const hosts = isNamed ? unmapped.map(mappingKey) : [];
  await logInto(context, { ...loginArgs(args), hosts });
}

function identityOf(context: Context, host: RegistryHost): string | undefined {
  const settings = readSettings(context);
  const key = mappingKeyFor(settings, host);
  const name = key === undefined ? undefined : settings.mappings[key]?.identity;
  return name !== undefined && own(settings.identities, name) !== undefined ? name : undefined;
}

/** Returns the arguments of a login that replaces the identity's secret. Throws `misconfigured` if `setup` cannot read it. */
function renewalOf(context: Context, name: string, args: SetupArgs): LoginArgs {
  const identity = own(readSettings(context).identities, name);
  const kind = identity?.kind ?? 'api-key';
  if (kind === 'api-key' || kind === 'refresh-token') {
    const sso = args.sso || kind === 'refresh-token';
    return { ...loginArgs({ ...args, sso }), identity: name };
  }
  const shape = identity !== undefined && isUsable(identity) ? identity : { kind };
  throw new HelperError('misconfigured', `identity ${name} cannot be used`, {
    hint: `run ${loginCommand(name, shape)}`,
  });
}

function loginArgs({ hosts: _, yes: _yes, ...secret }: SetupArgs): LoginArgs {
  return secret;
}

function listOf(hosts: readonly RegistryHost[]): string {
  return [...new Set(hosts.map(mappingKey))].join(', ');
}

function withHint({ code, message, cause }: HelperError, hint: string): HelperError {
  return new HelperError(code, message, { cause, hint });
}
