import { randomUUID } from 'node:crypto';

const roleActions = {
  Reader: ['pull'],
  Writer: ['pull', 'push'],
  Manager: ['pull', 'push', 'delete', '*'],
} as const;

export type Role = keyof typeof roleActions;

export function isRole(name: string): name is Role {
  return Object.hasOwn(roleActions, name);
}

/** Gives one identity a role in the container registry, or in a part of it. */
export interface PolicyOptions {
  /** Who may. */
  readonly iamId: string;
  readonly role: Role;
  readonly accountId: string;
  /** `us-south` and its kind; every region when absent. */
  readonly region?: string;
  /** Every namespace when absent. */
  readonly namespace?: string;
}

export interface Policy extends PolicyOptions {
  readonly id: string;
}

/** Where something is to be done. */
export interface Place {
  readonly namespace: string;
  /** `undefined` at a host that belongs to no region, such as localhost: region limits do not apply there. */
  readonly region: string | undefined;
}

export function createPolicies() {
  const policies = new Map<string, Policy>();
  return {
    addPolicy(options: PolicyOptions): Policy {
      const policy = { id: randomUUID(), ...options };
      policies.set(policy.id, policy);
      return policy;
    },
    removePolicy: ({ id }: { readonly id: string }): boolean => policies.delete(id),
    policy: (id: string): Policy | undefined => policies.get(id),
    policies: (): readonly Policy[] => [...policies.values()],
    /** Whether a policy lets this identity do this there. */
    isAllowed(iamId: string, action: string, place: Place): boolean {
      return [...policies.values()].some(
        (policy) =>
          policy.iamId === iamId &&
          roleActions[policy.role].some((allowed) => allowed === action) &&
          (policy.namespace ?? place.namespace) === place.namespace &&
          (place.region === undefined || (policy.region ?? place.region) === place.region),
      );
    },
  };
}
