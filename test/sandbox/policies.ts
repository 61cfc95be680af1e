import { randomUUID } from 'node:crypto';
import { matchesGlob } from 'node:path';

const roleActions = {
  Reader: ['pull'],
  Writer: ['pull', 'push'],
  Manager: ['pull', 'push', 'delete', '*'],
} as const;

type Role = keyof typeof roleActions;

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
  /** Members of the policy that IAM's API shows instead. Such a policy allows nothing here. */
  readonly shown?: Readonly<Record<string, unknown>>;
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

/** Members get the policies of the group: those whose `iamId` is the group's ID. */
interface AccessGroup {
  readonly id: string;
  readonly name: string;
  readonly accountId: string;
  /** IAM IDs. */
  readonly members: readonly string[];
  /** The members are members by a rule, not explicitly. */
  readonly isDynamic?: true;
}

/** A role that the account defined. */
interface CustomRole {
  readonly name: string;
  readonly accountId: string;
  /** Such as `container-registry.image.pull`. */
  readonly actions: readonly string[];
}

/** A `*` in a policy stands for any text. */
function matches(pattern: string | undefined, text: string): boolean {
  if (pattern === undefined) return true;
  return matchesGlob(text, pattern);
}

export function createPolicies() {
  const policies = new Map<string, Policy>();
  const groups: AccessGroup[] = [];
  const roles: CustomRole[] = [];
  return {
    addCustomRole(role: CustomRole): CustomRole {
      roles.push(role);
      return role;
    },
    customRoles: (): readonly CustomRole[] => roles,
    addPolicy(options: PolicyOptions): Policy {
      const policy = { id: randomUUID(), ...options };
      policies.set(policy.id, policy);
      return policy;
    },
    removePolicy: ({ id }: { readonly id: string }): boolean => policies.delete(id),
    policy: (id: string): Policy | undefined => policies.get(id),
    policies: (): readonly Policy[] => [...policies.values()],
    addAccessGroup(options: Omit<AccessGroup, 'id'>): AccessGroup {
      const group = { id: `AccessGroupId-${randomUUID()}`, ...options };
      groups.push(group);
      return group;
    },
    accessGroups: (iamId: string): readonly AccessGroup[] =>
      groups.filter(({ members }) => members.includes(iamId)),
    /** Returns true if a policy of the identity, or of one of its groups, allows the action. */
    isAllowed(iamId: string, action: string, place: Place): boolean {
      const own = groups.filter(({ members }) => members.includes(iamId)).map(({ id }) => id);
      return [...policies.values()].some(
        (policy) =>
          policy.shown === undefined &&
          [iamId, ...own].includes(policy.iamId) &&
          roleActions[policy.role].some((allowed) => allowed === action) &&
          matches(policy.namespace, place.namespace) &&
          (place.region === undefined || matches(policy.region, place.region)),
      );
    },
  };
}
