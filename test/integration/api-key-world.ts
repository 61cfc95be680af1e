import type { ApiKey } from '../sandbox/api-keys.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { addIdentity, changeSettings, newKey, type Person } from './identity-cloud.ts';

/** Adds a sandbox user with an API key of that name, which is used for every host here. */
export function addUserWithKey(
  { accounts }: Pick<Sandbox, 'accounts'>,
  person: Person,
  name: string,
): ApiKey {
  const { iamId: owner } = accounts.addUser({ name });
  const key = accounts.addApiKey({ value: newKey(), name, owner });
  addIdentity(person, name, {}, key.value);
  changeSettings(person.home, (settings) => ({
    ...settings,
    mappings: { ...settings.mappings, '*': { identity: name } },
  }));
  return key;
}

/** Returns the owner's keys in order of creation. */
export function keysOf({ accounts }: Pick<Sandbox, 'accounts'>, owner: string): ApiKey[] {
  return accounts.apiKeys().filter(({ iamId }) => iamId === owner);
}

/** Returns true if no line is wider than a terminal. */
export function fits(text: string): boolean {
  return text.split('\n').every((line) => line.length <= 80);
}
