import { trustedEndpoint } from '../../config/trusted-endpoint.ts';
import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import type { Caller } from '../../iam/api-call.ts';
import { deleteApiKey } from '../../iam/api-key-changes.ts';
import { ownerOfApiKey } from '../../iam/owner.ts';
import { accessTokenOfKey } from '../../identity/access.ts';
import { loginCommand } from '../../identity/hint.ts';
import { type Lookup, lookupIn } from '../../identity/lookup.ts';
import { identityNamed } from '../../identity/mapping.ts';
import { own } from '../../identity/mapping-key.ts';
import { erasePendingKey, type PendingKey, readPendingKey } from '../../identity/pending-key.ts';
import { ambientVariables } from '../../identity/variables.ts';
import { visible } from '../../visible.ts';
import { callerFor, toCaller } from '../caller.ts';
import { makeNewKey } from './new-key.ts';
import { replaceKey, requireAnswer } from './replace.ts';

// The new key's value is chosen here and kept before IAM hears of it, so that no lost answer loses it: at every moment
// what is kept for the identity signs in, and the next run learns from IAM how far this one came.

/** Replaces an identity's API key, or ends what an interrupted run began. Throws what IAM says, and `storage`. */
export async function rotateKey(
  context: Context,
  name: string,
  as: string | undefined,
): Promise<void> {
  const lookup = lookupIn(context);
  const stored = await storedKey(lookup, name);
  const begun = readPendingKey(context, name);
  const caller = await rotationCaller(lookup, name, as, [stored, begun?.value]);
  if (begun?.value === stored) {
    context.stdout(`going on where the last rotation of identity ${visible(name)} stopped\n`);
    // Where the old key was gone already, that rotation had come to its end, and a new one is wanted.
    if (await putInPlace(lookup, caller, name, stored, begun)) return;
  }
  const pending = await makeNewKey(context, caller, name, stored);
  await putInPlace(lookup, caller, name, stored, pending);
  warnOfVariables(context, stored);
}

/** Throws `misconfigured`, `damaged`, and `invalid-input` for an identity that has no API key. */
async function storedKey(lookup: Lookup, name: string): Promise<string> {
  await identityNamed(lookup, name);
  const kind = own((await lookup.settings()).identities, name)?.kind;
  const kept = await lookup.stored({ of: 'identity', name });
  if (kind === 'api-key' && kept !== undefined) return kept.Secret;
  throw new HelperError('invalid-input', `identity ${name} has no API key: it is of kind ${kind}`);
}

/** The identity itself, by whichever of its keys IAM takes, unless another is to act. */
async function rotationCaller(
  lookup: Lookup,
  name: string,
  as: string | undefined,
  [key, ...others]: readonly [string, ...(string | undefined)[]],
): Promise<Caller> {
  if (as !== undefined) return callerFor(lookup, as);
  try {
    const hint = `run ${loginCommand(name, { kind: 'api-key' })}`;
    return toCaller(
      lookup,
      `identity ${name}`,
      await accessTokenOfKey(lookup, `the API key of identity ${name}`, key, hint),
    );
  } catch (error) {
    const [next] = others;
    const isRefused = error instanceof HelperError && error.code === 'refused';
    if (!isRefused || next === undefined) throw error;
    return rotationCaller(lookup, name, as, [next]);
  }
}

/** Checks the new key, keeps it in place of the old one, and deletes that. Whether there was an old one. */
async function putInPlace(
  lookup: Lookup,
  caller: Caller,
  name: string,
  stored: string,
  { value, oldId }: PendingKey,
): Promise<boolean> {
  const { context } = lookup;
  const settings = await lookup.settings();
  const again = `docker-credential-icr api-key rotate ${name}`;
  const owner = await ownerOfApiKey(context, value, own(settings.identities, name)?.profile, {
    hint: `identity ${name} keeps what it has; run ${again} to go on`,
    endpoint: trustedEndpoint(context, settings),
  });
  context.stdout('IAM takes the new key\n');
  await replaceKey(context, name, stored, value, owner);
  await requireAnswer(context, name, value);
  context.stdout(`identity ${visible(name)} has the new key, and get answers with it\n`);
  const wasThere = await deleteApiKey(context, caller, oldId).catch((error) => {
    if (!(error instanceof HelperError)) throw error;
    const line = `identity ${name} has its new key, but the old one is left: ${error.message}`;
    throw new HelperError(error.code, `${line}; then run ${again} to go on`, {
      cause: error.cause,
    });
  });
  erasePendingKey(context, name);
  context.stdout(`the old API key ${oldId} is ${wasThere ? 'deleted' : 'gone already'}\n`);
  return wasThere;
}

/** They are not ours to change. */
function warnOfVariables({ env, warn }: Context, old: string): void {
  for (const name of ['DOCKER_CREDENTIAL_ICR_API_KEY', ...ambientVariables]) {
    if (env[name]?.trim() === old) warn(`${name} still holds the old key; run unset ${name}`);
  }
}
