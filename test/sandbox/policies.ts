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

/** Grants one identity a role in the container registry or in a part of it. */
export interface PolicyOptions {
  readonly iamId: string;
  readonly role: Role;
  readonly accountId: string;
  /** A region such as `us-south`. The default is all regions. */
  readonly region?: string;
  /** The default is all namespaces. */
  readonly namespace?: string;
}

export interface Policy extends PolicyOptions {
  readonly id: string;
}

/** The namespace and region of an action. */
export interface Place {
  readonly namespace: string;
  /** Undefined for a host without a region, such as localhost: limits of a region do not apply there. */
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
    /** Returns true if a policy allows the action. */
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
