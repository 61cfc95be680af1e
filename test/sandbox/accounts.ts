import { randomBytes } from 'node:crypto';
import { createApiKeys } from './api-keys.ts';
import { createNamespaces } from './namespaces.ts';
import { createSessions } from './sessions.ts';
import { createSubjects } from './subjects.ts';

/** Entitlement keys open `cp.icr.io`, with the user name `cp`. */
function createEntitlementKeys() {
  const keys = new Set<string>();
  return {
    addEntitlementKey({ value }: { readonly value?: string } = {}): string {
      const key = value ?? randomBytes(120).toString('base64url');
      keys.add(key);
      return key;
    },
    removeEntitlementKey: ({ value }: { readonly value: string }): boolean => keys.delete(value),
    isEntitlementKey: (value: string): boolean => keys.has(value),
  };
}

/** All that IBM Cloud knows. Every `add…`, `change…`, `remove…` takes one object, so that the admin endpoint can pass JSON on. */
export function createAccounts(clock: () => number) {
  const subjects = createSubjects();
  return {
    ...subjects,
    ...createApiKeys(subjects, clock),
    ...createSessions(subjects, clock),
    ...createEntitlementKeys(),
    ...createNamespaces(),
  };
}

export type Accounts = ReturnType<typeof createAccounts>;
