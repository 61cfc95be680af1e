import { typed } from '../../clients/notes.ts';
import { type IdentitySettings, requireUsable, type Unusable } from '../../config/settings.ts';
import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import { lifeOf } from '../../identity/expiry.ts';
import { loginCommand } from '../../identity/login-command.ts';
import { identityOfPending } from '../../identity/pending-key.ts';
import { fileOf } from '../../secrets/credential-file.ts';
import { urlOf } from '../../secrets/helper-store.ts';
import { fileStoreName } from '../../secrets/store-types.ts';
import { duration } from '../table.ts';
import { askIam, type Verdict } from './ask-iam.ts';
import { attempt } from './attempt.ts';
import {
  type Check,
  type Examined,
  type Finding,
  networkLimitMs,
  ok,
  problem,
  warning,
} from './check.ts';
import type { Look } from './look.ts';
import { statOf } from './machine.ts';
import { requestFailure } from './network-checks.ts';

const dayMs = 24 * 60 * 60_000;
const warnBeforeMs = 7 * dayMs;
/** IAM expires a refresh token after this time at most. */
const longestSessionMs = 3 * dayMs;

/** For each identity: its secret can be read, IAM accepts it, and it does not expire soon. */
export function identityChecks({ look }: Examined): Check[] {
  const { identities } = look.settings;
  const pending = pendingIn(look);
  const known = Object.entries(identities).map(
    ([name, identity]): Check => ({
      name: `identity ${name}`,
      limitMs: networkLimitMs,
      run: async (examined) => [
        await checkUsable(examined, name, identity),
        ...(pending.includes(name) ? [interruptedRotation(name)] : []),
      ],
    }),
  );
  const removed = pending
    .filter((name) => !Object.hasOwn(identities, name))
    .map((name): Check => ({ name: `identity ${name}`, run: () => leftInIam(name) }));
  return [...known, ...removed];
}

/** The identities that have a pending API key. */
function pendingIn({ store }: Look): string[] {
  try {
    return store.names('identity').flatMap((name) => identityOfPending(name) ?? []);
  } catch {
    // `secret store` reports one that does not work.
    return [];
  }
}

function interruptedRotation(name: string): Finding {
  const what = 'an api-key rotate was interrupted; the stored key is still used';
  return warning(what, `run docker-credential-icr api-key rotate ${typed(name)}`);
}

function leftInIam(name: string): Finding {
  const what = 'it is removed, but an API key that was created for it may still be active in IAM';
  return warning(what, `run docker-credential-icr logout --identity ${typed(name)}`);
}

async function checkUsable(
  examined: Examined,
  name: string,
  identity: IdentitySettings | Unusable,
): Promise<Finding> {
  const usable = await attempt(() => requireUsable(name, identity));
  if (usable instanceof HelperError) return problem(usable.message, usable.hint);
  return checkIdentity(examined, name, usable);
}

async function checkIdentity(
  examined: Examined,
  name: string,
  identity: IdentitySettings,
): Promise<Finding> {
  const login = `run ${loginCommand(name, identity)}`;
  const verdict = await attempt(async () =>
    judge(examined, name, identity, secretOf(examined.look, name, identity)),
  );
  if (verdict instanceof HelperError) {
    return requestFailure(examined, verdict, hintFor(examined.look, name, login, verdict));
  }
  return expiry(examined.context, login, verdict, verdict.endsAt ?? identity.expiresAt);
}

function secretOf({ store, settings }: Look, name: string, { kind }: IdentitySettings): string {
  if (kind === 'trusted-profile') return '';
  const stored = store.read({ of: 'identity', name });
  if (stored !== undefined) return stored.Secret;
  const { store: storeName = fileStoreName } = settings;
  if (storeName === fileStoreName) throw new HelperError('damaged', 'its secret does not exist');
  throw new HelperError('storage', `${storeName} has no secret of it; it may be locked`);
}

function hintFor({ settings }: Look, name: string, login: string, error: HelperError): string {
  // Another machine was the trusted one; here an API key is needed.
  if (error.reason === 'metadata') return `run docker-credential-icr login --identity ${name}`;
  if (error.code !== 'storage') return login;
  const { store = fileStoreName } = settings;
  if (store === fileStoreName) return error.hint ?? login;
  // In a terminal the keychain can ask for its password; its answer is discarded.
  const url = typed(urlOf({ of: 'identity', name }));
  return `run echo ${url} | ${typed(`docker-credential-${store}`)} get >/dev/null`;
}

async function judge(
  examined: Examined,
  name: string,
  identity: IdentitySettings,
  secret: string,
): Promise<Verdict> {
  switch (identity.kind) {
    case 'api-key':
    case 'trusted-profile':
      return askIam(examined, identity, secret);
    case 'refresh-token':
      return session(examined, name);
    case 'entitlement-key':
    case 'registry-token':
      return { message: 'only the registry can verify it: use --registry', ...ownExpiry(secret) };
  }
}

/** A registry token is valid for a day, so it is reported in its last hours. */
function ownExpiry(jwt: string): Pick<Verdict, 'endsAt' | 'warnBeforeMs'> {
  const { iat, exp } = lifeOf(jwt);
  if (typeof exp !== 'number') return {};
  const lifeMs = typeof iat === 'number' ? (exp - iat) * 1000 : warnBeforeMs;
  return { endsAt: exp * 1000, warnBeforeMs: Math.min(warnBeforeMs, lifeMs / 10) };
}

/** IAM accepts a refresh token once, so a check would consume it. */
function session({ look, context }: Examined, name: string): Verdict {
  const file = look.folder === undefined ? '' : fileOf(look.folder, { of: 'identity', name });
  const renewedAt = statOf(file)?.mtimeMs;
  if (renewedAt !== undefined && context.now() - renewedAt > longestSessionMs) {
    return { message: 'not used for 72 h', endsAt: renewedAt + longestSessionMs };
  }
  const command = `docker-credential-icr token --identity ${name}`;
  return { message: `not tried, since IAM accepts a refresh token once; ${command} does` };
}

function expiry(
  context: Context,
  login: string,
  verdict: Verdict,
  endsAt: number | undefined,
): Finding {
  const { message } = verdict;
  if (endsAt === undefined) return ok(message);
  const leftMs = endsAt - context.now();
  const date = new Date(endsAt).toISOString().slice(0, 10);
  if (leftMs <= 0) return problem(`expired on ${date}`, login);
  const line = `${message}; expires in ${duration(leftMs)} (${date})`;
  return leftMs < (verdict.warnBeforeMs ?? warnBeforeMs) ? warning(line, login) : ok(line);
}
