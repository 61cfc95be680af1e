import { randomBytes } from 'node:crypto';
import { createApiKeys } from './api-keys.ts';
import { createBrowserSignOn } from './browser-sign-on.ts';
import type { Signer } from './jwt.ts';
import { createNamespaces } from './namespaces.ts';
import { createPolicies } from './policies.ts';
import { createRegistryTokens } from './registry-tokens.ts';
import { createRestrictions } from './restrictions.ts';
import { createSessions } from './sessions.ts';
import { createSubjects } from './subjects.ts';

/** Creates the store of entitlement keys, which grant access to `cp.icr.io` with the user name `cp`. */
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

/**
 * Creates the state of the simulated IBM Cloud. Each `add…`, `change…` and `remove…` takes one object, so that the
 * admin endpoint can pass JSON.
 */
export function createAccounts(signer: Signer) {
  const { clock } = signer;
  const subjects = createSubjects(clock);
  return {
    ...subjects,
    ...createApiKeys(subjects, clock),
    ...createSessions(subjects, clock),
    ...createBrowserSignOn(),
    ...createEntitlementKeys(),
    ...createNamespaces(),
    ...createPolicies(),
    ...createRestrictions(),
    ...createRegistryTokens(signer),
  };
}

export type Accounts = ReturnType<typeof createAccounts>;
