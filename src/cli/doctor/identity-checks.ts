import { shellQuoted } from '../../clients/notes.ts';
import { type IdentitySettings, requireUsable, type Unusable } from '../../config/settings.ts';
import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import { statOf } from '../../files/file-facts.ts';
import { lifeOf } from '../../identity/expiry.ts';
import { loginCommand, logoutCommand } from '../../identity/login-command.ts';
import { identityOfPending } from '../../identity/pending-key.ts';
import { fileOf } from '../../secrets/credential-file.ts';
import { urlOf } from '../../secrets/helper-store.ts';
import { fileStoreName } from '../../secrets/store-types.ts';
import { duration } from '../table.ts';
import { askIam, type Verification } from './ask-iam.ts';
import { attempt } from './attempt.ts';
import {
  type Check,
  type CheckInput,
  type Finding,
  networkLimitMs,
  ok,
  problem,
  warning,
} from './check.ts';
import { requestFailure } from './network-checks.ts';
import { pathProblem } from './path-problem.ts';
import type { Snapshot } from './snapshot.ts';

const dayMs = 24 * 60 * 60_000;
const warnBeforeMs = 7 * dayMs;
/** IAM invalidates an unused refresh token after at most this time. */
const longestSessionMs = 3 * dayMs;

/** For each identity, checks that its secret is readable, accepted by IAM, and does not expire soon. */
export function identityChecks({ snapshot }: CheckInput): Check[] {
  const { identities } = snapshot.settings;
  const pending = pendingIn(snapshot);
  const known = Object.entries(identities).map(
    ([name, identity]): Check => ({
      name: `identity ${name}`,
      limitMs: networkLimitMs,
      run: async (input) => [
        await checkUsable(input, name, identity),
        ...(pending.includes(name) ? [interruptedRotation(name)] : []),
      ],
    }),
  );
  const removed = pending
    .filter((name) => !Object.hasOwn(identities, name))
    .map((name): Check => ({ name: `identity ${name}`, run: () => leftInIam(name) }));
  return [...known, ...removed];
}

/** Returns the identities with a pending API key. */
function pendingIn({ store }: Snapshot): string[] {
  try {
    return store.names('identity').flatMap((name) => identityOfPending(name) ?? []);
  } catch {
    // The check `secret store` reports a store that does not work.
    return [];
  }
}

function interruptedRotation(name: string): Finding {
  const what = 'a key rotation was interrupted; the stored key is still used';
  return warning(what, `run docker-credential-icr api-key rotate ${shellQuoted(name)}`);
}

function leftInIam(name: string): Finding {
  const what = 'removed, but an API key that was created for it may still be active in IAM';
  return warning(what, `run ${logoutCommand(name)}`);
}

async function checkUsable(
  input: CheckInput,
  name: string,
  identity: IdentitySettings | Unusable,
): Promise<Finding> {
  const usable = await attempt(() => requireUsable(name, identity));
  if (usable instanceof HelperError) return problem(usable.message, usable.hint);
  return checkIdentity(input, name, usable);
}

async function checkIdentity(
  input: CheckInput,
  name: string,
  identity: IdentitySettings,
): Promise<Finding> {
  const login = `run ${loginCommand(name, identity)}`;
  const verification = await attempt(async () =>
    verify(input, name, identity, secretOf(input.snapshot, name, identity)),
  );
  if (verification instanceof HelperError) {
    const unreadable = unreadableSecret(input, name, verification);
    if (unreadable !== undefined) return unreadable;
    return requestFailure(input, verification, hintFor(input.snapshot, name, login, verification));
  }
  return expiry(input.context, login, verification, verification.expiresAt ?? identity.expiresAt);
}

function unreadableSecret(input: CheckInput, name: string, error: HelperError) {
  const { directory, settings } = input.snapshot;
  const isFile = (settings.store ?? fileStoreName) === fileStoreName;
  if (error.code !== 'storage' || !isFile || directory === undefined) return undefined;
  return pathProblem(input, fileOf(directory, { of: 'identity', name }), 'file');
}

function secretOf({ store, settings }: Snapshot, name: string, { kind }: IdentitySettings): string {
  if (kind === 'trusted-profile') return '';
  const stored = store.read({ of: 'identity', name });
  if (stored !== undefined) return stored.Secret;
  const { store: storeName = fileStoreName } = settings;
  if (storeName === fileStoreName) throw new HelperError('damaged', 'its secret does not exist');
  throw new HelperError('storage', `its secret is not in ${storeName}, which may be locked`);
}

function hintFor({ settings }: Snapshot, name: string, login: string, error: HelperError): string {
  // Without a compute identity on this machine, an API key is needed.
  if (error.reason === 'metadata') return `run docker-credential-icr login --identity ${name}`;
  if (error.code === 'refused') return `${login}, or ${logoutCommand(name)} to remove the identity`;
  if (error.code !== 'storage') return login;
  const { store = fileStoreName } = settings;
  if (store === fileStoreName) return error.hint ?? login;
  // In a terminal the keychain can ask for its password. The output is the secret, so it is discarded.
  const url = shellQuoted(urlOf({ of: 'identity', name }));
  return `run echo ${url} | ${shellQuoted(`docker-credential-${store}`)} get >/dev/null`;
}

async function verify(
  input: CheckInput,
  name: string,
  identity: IdentitySettings,
  secret: string,
): Promise<Verification> {
  switch (identity.kind) {
    case 'api-key':
    case 'trusted-profile':
      return askIam(input, identity, secret);
    case 'refresh-token':
      return session(input, name);
    case 'entitlement-key':
    case 'registry-token':
      return { message: 'only the registry can verify it: use --registry', ...ownExpiry(secret) };
  }
}

/** For a short lifetime, such as one day, the warning comes in its last tenth. */
function ownExpiry(jwt: string): Pick<Verification, 'expiresAt' | 'warnBeforeMs'> {
  const { iat, exp } = lifeOf(jwt);
  if (typeof exp !== 'number') return {};
  const lifeMs = typeof iat === 'number' ? (exp - iat) * 1000 : warnBeforeMs;
  return { expiresAt: exp * 1000, warnBeforeMs: Math.min(warnBeforeMs, lifeMs / 10) };
}

/** Does not contact IAM: it accepts a refresh token only once, so the check would consume it. */
function session({ snapshot, context }: CheckInput, name: string): Verification {
  const file =
    snapshot.directory === undefined ? '' : fileOf(snapshot.directory, { of: 'identity', name });
  const renewedAt = statOf(file)?.mtimeMs;
  if (renewedAt !== undefined && context.now() - renewedAt > longestSessionMs) {
    return { message: 'not used for 72 h', expiresAt: renewedAt + longestSessionMs };
  }
  const command = `docker-credential-icr token --identity ${name}`;
  return { message: `not tried, since IAM accepts a refresh token once; ${command} does` };
}

function expiry(
  context: Context,
  login: string,
  verification: Verification,
  expiresAt: number | undefined,
): Finding {
  const { message } = verification;
  if (expiresAt === undefined) return ok(message);
  const leftMs = expiresAt - context.now();
  const date = new Date(expiresAt).toISOString().slice(0, 10);
  if (leftMs <= 0) return problem(`expired on ${date}`, login);
  const line = `${message}; expires in ${duration(leftMs)} (${date})`;
  return leftMs < (verification.warnBeforeMs ?? warnBeforeMs) ? warning(line, login) : ok(line);
}
