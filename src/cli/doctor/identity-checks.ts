import { type IdentitySettings, requireUsable } from '../../config/settings.ts';
import { HelperError, isRefused } from '../../errors.ts';
import { attempt } from '../../files/storage-error.ts';
import { endOfJwt, lifeOf } from '../../identity/expiry.ts';
import { loginCommand, logoutCommand } from '../../identity/login-command.ts';
import { identityOfPending } from '../../identity/pending-key.ts';
import { own } from '../../json-object.ts';
import { fileOf } from '../../secrets/credential-file.ts';
import { unlockCommand } from '../../secrets/helper-process.ts';
import { urlOf } from '../../secrets/helper-store.ts';
import { fileStoreName } from '../../secrets/store-types.ts';
import { shellQuoted } from '../../visible.ts';
import { renewHint, sessionEnd } from '../expiry-notice.ts';
import { type Check, type CheckInput, type Finding, networkLimitMs, warning } from './check.ts';
import { pathProblem } from './path-problem.ts';
import type { Snapshot } from './snapshot.ts';
import { askIam, expiryFinding, requestFailure, type Verification } from './verification.ts';

/** For each identity, checks that its secret is readable, accepted by IAM, and does not expire soon. */
export function identityChecks({ snapshot }: CheckInput): Check[] {
  const { identities } = snapshot.settings;
  const pending = snapshot.names.identity.flatMap((name) => identityOfPending(name) ?? []);
  return [...new Set([...Object.keys(identities), ...pending])].map((name) => ({
    name: `identity ${name}`,
    limitMs: networkLimitMs,
    run: async (input) => {
      const identity = own(identities, name);
      const isPending = pending.includes(name);
      if (identity === undefined) return leftInIam(name);
      return [
        await attempt(() => checkIdentity(input, name, requireUsable(name, identity))),
        isPending ? interruptedRotation(name) : undefined,
      ];
    },
  }));
}

function interruptedRotation(name: string): Finding {
  const what = 'a key rotation was interrupted; the stored key is still used';
  return warning(what, `run docker-credential-icr api-key rotate ${shellQuoted(name)}`);
}

function leftInIam(name: string): Finding {
  const what = 'removed, but an API key that was created for it may still be active in IAM';
  return warning(what, `run ${logoutCommand(name)}`);
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
  const knownEnd = identity.expiresAt ?? Number.POSITIVE_INFINITY;
  // The refusal of an expired key is reported as its expiry.
  const isExpired = isRefused(verification) && knownEnd <= input.context.now();
  if (verification instanceof HelperError && !isExpired) {
    const unreadable = unreadableSecret(input, name, verification);
    if (unreadable !== undefined) return unreadable;
    return requestFailure(input, verification, hintFor(input.snapshot, name, login, verification));
  }
  const { kind, expiresAt } = identity;
  const known = verification instanceof HelperError ? { message: '' } : verification;
  const expiring = { ...(expiresAt === undefined ? {} : { expiresAt }), ...known };
  return expiryFinding(input.context, kind, expiring, (isPast) =>
    renewHint(name, identity, isPast),
  );
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
  if (error.reason === 'metadata')
    return `run docker-credential-icr login --identity ${shellQuoted(name)}`;
  if (error.code === 'refused') return `${login}, or ${logoutCommand(name)} to remove the identity`;
  if (error.code !== 'storage') return login;
  const { store = fileStoreName } = settings;
  if (store === fileStoreName) return error.hint ?? login;
  const command = unlockCommand(store);
  if (command !== undefined) return `run ${command}`;
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

/** Reads the times in a JWT. */
function ownExpiry(jwt: string): Pick<Verification, 'expiresAt' | 'issuedAt'> {
  const { iat } = lifeOf(jwt);
  const expiresAt = endOfJwt(jwt);
  return {
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(typeof iat === 'number' ? { issuedAt: iat * 1000 } : {}),
  };
}

/** Does not contact IAM: it accepts a refresh token only once, so the check would consume it. */
function session({ snapshot }: CheckInput, name: string): Verification {
  const expiresAt = sessionEnd(snapshot.directory, name);
  const command = `docker-credential-icr token --identity ${shellQuoted(name)}`;
  const message = `not verified, because IAM accepts a refresh token only once; ${command} verifies it`;
  return expiresAt === undefined ? { message } : { message, expiresAt };
}
