import { debug } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import type { Caller } from '../../http/api-call.ts';
import type { Lookup } from '../../identity/lookup.ts';

/** The identities here that sign in with the key of that ID, as far as IAM lets the caller look. */
export async function holdersOf(lookup: Lookup, caller: Caller, id: string): Promise<string[]> {
  const { identities } = await lookup.settings();
  const names = Object.keys(identities).filter((name) => identities[name]?.kind === 'api-key');
  const ids = await Promise.all(names.map((name) => keyIdOf(lookup, caller, name)));
  return names.filter((_, number) => ids[number] === id);
}

async function keyIdOf(
  { context, stored }: Lookup,
  caller: Caller,
  identity: string,
): Promise<string | undefined> {
  const { findApiKeyByValue } = await import('../../iam/api-keys.ts');
  try {
    const kept = await stored({ of: 'identity', name: identity });
    return kept && (await findApiKeyByValue(context, caller, kept.Secret))?.id;
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    debug(context, error.message);
    return undefined;
  }
}
