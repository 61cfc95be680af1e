import fs from 'node:fs';
import { typed } from '../../clients/notes.ts';
import { type IdentitySettings, requireUsable } from '../../config/settings.ts';
import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import { lifeOf } from '../../identity/expiry.ts';
import { loginCommand } from '../../identity/hint.ts';
import { identityOfPending } from '../../identity/pending-key.ts';
import { fileOf, setAsideEnding } from '../../secrets/credential-file.ts';
import { urlOf } from '../../secrets/helper-store.ts';
import { fileStoreName } from '../../secrets/store.ts';
import { duration } from '../table.ts';
import { askIam, type Verdict } from './ask-iam.ts';
import { type Check, type Examined, type Finding, fail, networkLimit, ok, warn } from './check.ts';
import type { Look } from './look.ts';
import { setAside } from './set-aside.ts';
import { refusal } from './sources.ts';

const day = 24 * 60 * 60_000;
/** Milliseconds before its end from which on a secret is warned of. */
const near = 7 * day;
/** Milliseconds that IAM keeps a refresh token at most. */
const longestSession = 3 * day;

/** A check for each identity: its secret is there, IAM takes it, and it does not end soon. */
export function identityChecks({ look }: Examined): Check[] {
  const { identities } = look.readableSettings();
  const pending = pendingIn(look);
  const known = Object.entries(identities).map(([name, identity]) => ({
    name: `identity ${name}`,
    limit: networkLimit,
    run: async (examined: Examined) => [
      await tryIdentity(examined, name, requireUsable(name, identity)),
      ...(pending.includes(name) ? [interrupted(name)] : []),
    ],
  }));
  const removed = pending
    .filter((name) => !Object.hasOwn(identities, name))
    .map((name) => ({ name: `identity ${name}`, run: () => leftInIam(name) }));
  return [...known, ...removed];
}

/** The identities that have a pending API key. */
function pendingIn({ secrets }: Look): string[] {
  try {
    return secrets()
      .names('identity')
      .flatMap((name) => identityOfPending(name) ?? []);
  } catch (error) {
    // A store that does not answer has a check of its own.
    if (error instanceof HelperError) return [];
    throw error;
  }
}

function interrupted(name: string): Finding {
  const what = 'an api-key rotate was interrupted; the key that is kept goes on answering';
  return warn(what, `docker-credential-icr api-key rotate ${typed(name)}`);
}

function leftInIam(name: string): Finding {
  const what = 'it is removed, but an API key that was made for it may still be active in IAM';
  return warn(what, `docker-credential-icr logout --identity ${typed(name)}`);
}

async function tryIdentity(
  examined: Examined,
  name: string,
  identity: IdentitySettings,
): Promise<Finding> {
  const { look } = examined;
  const login = loginCommand(name, identity);
  try {
    const secret = secretOf(look, name, identity);
    const verdict = await judge(examined, name, identity, secret);
    return ended(examined.context, login, verdict, verdict.endsAt ?? identity.expiresAt);
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    return refusal(examined, error, mendOf(look, name, login, error));
  }
}

function secretOf(look: Look, name: string, { kind }: IdentitySettings): string {
  if (kind === 'trusted-profile') return '';
  const kept = look.secrets().read({ of: 'identity', name });
  if (kept !== undefined) return kept.Secret;
  const { store = fileStoreName } = look.readableSettings();
  if (store === fileStoreName) throw new HelperError('damaged', 'its secret is gone');
  const line = `${store} has no secret of it; is it locked? if not, log in again`;
  throw new HelperError('storage', line);
}

/** A login puts a new secret in place of a damaged one, but not of a folder, and leaves what was set aside. */
function mendOf(look: Look, name: string, login: string, error: HelperError): string {
  const { folder } = look;
  // Another machine vouched for it; here, an API key can.
  if (/metadata service/.test(error.message))
    return `docker-credential-icr login --identity ${name}`;
  const { store = fileStoreName } = look.readableSettings();
  if (store !== fileStoreName && error.code === 'storage') return unlock(store, name);
  if (folder === undefined) return login;
  const file = fileOf(folder, { of: 'identity', name });
  if (/EACCES|EPERM/.test(error.message)) return `sudo chown -R "$(id -u)" ${typed(folder)}`;
  if (error.code === 'storage') return `${setAside(file)} && ${login}`;
  const aside = file + setAsideEnding;
  return fs.existsSync(aside) ? `${login} && rm ${typed(aside)}` : login;
}

/** Asked by a person a keychain has all the time to ask for its password; what it gives goes nowhere. */
function unlock(store: string, name: string): string {
  const url = urlOf({ of: 'identity', name });
  return `echo ${typed(url)} | ${typed(`docker-credential-${store}`)} get >/dev/null`;
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
    case 'registry-token': {
      const message = 'only its registry knows it: doctor --registry asks';
      return { message, ...ownEnd(secret) };
    }
  }
}

/** A registry token lives for a day: the last hours of it are its last week. */
function ownEnd(jwt: string): Pick<Verdict, 'endsAt' | 'near'> {
  const { iat, exp } = lifeOf(jwt);
  if (typeof exp !== 'number') return {};
  const life = typeof iat === 'number' ? (exp - iat) * 1000 : near;
  return { endsAt: exp * 1000, near: Math.min(near, life / 10) };
}

/** IAM takes a refresh token once: trying it here would use it up. */
function session({ look, context }: Examined, name: string): Verdict {
  const message = `not tried, since IAM takes a refresh token once; docker-credential-icr token --identity ${name} does`;
  const file = look.folder === undefined ? '' : fileOf(look.folder, { of: 'identity', name });
  const renewed = fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  const isOld = renewed !== undefined && context.now() - renewed > longestSession;
  return isOld
    ? { message: 'its session was not used for 72 h', endsAt: renewed + longestSession }
    : { message };
}

function ended(
  context: Context,
  login: string,
  verdict: Verdict,
  endsAt: number | undefined,
): Finding {
  const { message } = verdict;
  if (endsAt === undefined) return ok(message);
  const left = endsAt - context.now();
  const date = new Date(endsAt).toISOString().slice(0, 10);
  if (left <= 0) return fail(`it ended on ${date}`, login);
  const ends = `ends in ${duration(left)} (${date})`;
  return left < (verdict.near ?? near)
    ? warn(`${message}; ${ends}`, login)
    : ok(`${message}; ${ends}`);
}
