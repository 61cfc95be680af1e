import type { ApiKey } from '../sandbox/api-keys.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { addIdentity, changeSettings, newKey, type Person } from './identity-cloud.ts';

/** A user of the sandbox whose API key, of that name, answers here for every host. */
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

/** The keys of that owner, in the order they were made. */
export function keysOf({ accounts }: Pick<Sandbox, 'accounts'>, owner: string): ApiKey[] {
  return accounts.apiKeys().filter(({ iamId }) => iamId === owner);
}

/** Whether no line is longer than a terminal's. */
export function fits(text: string): boolean {
  return text.split('\n').every((line) => line.length <= 80);
}
