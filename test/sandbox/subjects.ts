import { randomUUID } from 'node:crypto';

/** Who a key or a token belongs to. */
export interface Subject {
  /** `IBMid-…`, `iam-ServiceId-…`, `iam-Profile-…`. */
  readonly iamId: string;
  /** `iamId` without `iam-`: what the `Profile-…` user name of the registry is. A user's is the e-mail address. */
  readonly sub: string;
  readonly type: 'User' | 'ServiceId' | 'Profile';
  readonly name: string;
  readonly description: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** `account.bss`. */
  readonly accountId: string;
  /** Every grant of this subject then answers BXNIM0400E. */
  readonly needsExternalAuthentication: boolean;
  /** Opens only what policies name, as service IDs made over HTTP do; others open all of their account. */
  readonly ruledByPolicies: boolean;
}

/** A profile also has ways in. */
export interface TrustedProfile extends Subject {
  readonly crn: string;
  /** IAM IDs that may assume it. */
  readonly assumableBy: readonly string[];
  /** `cr_token` values with which it is given. */
  readonly computeTokens: readonly string[];
  /** Given to the VPC instance whose metadata service the sandbox plays. */
  readonly ofInstance: boolean;
}

export interface SubjectOptions {
  readonly name?: string;
  readonly accountId?: string;
  readonly description?: string;
  readonly needsExternalAuthentication?: boolean;
  readonly ruledByPolicies?: boolean;
}

export type ProfileOptions = SubjectOptions &
  Partial<Pick<TrustedProfile, 'assumableBy' | 'computeTokens' | 'ofInstance'>>;

/** The account of whoever is added without one. */
export const defaultAccountId = '0a1b2c3d4e5f60718293a4b5c6d7e8f9';

function subject(
  type: Subject['type'],
  iamId: string,
  options: SubjectOptions,
  now: string,
): Subject {
  const name = options.name ?? `${type} of the sandbox`;
  return {
    iamId,
    sub:
      type === 'User'
        ? `${name.toLowerCase().replaceAll(/\W+/g, '.')}@example.com`
        : iamId.slice(4),
    type,
    name,
    accountId: options.accountId ?? defaultAccountId,
    description: options.description ?? '',
    createdAt: now,
    needsExternalAuthentication: options.needsExternalAuthentication ?? false,
    ruledByPolicies: options.ruledByPolicies ?? false,
  };
}

export function createSubjects(clock: () => number) {
  const now = () => new Date(clock()).toISOString();
  const subjects = new Map<string, Subject>();
  const profiles = new Map<string, TrustedProfile>();
  const keep = <Kind extends Subject>(added: Kind): Kind => {
    subjects.set(added.iamId, added);
    return added;
  };
  return {
    addUser(options: SubjectOptions = {}): Subject {
      const id = randomUUID().replaceAll('-', '').slice(0, 10).toUpperCase();
      return keep(subject('User', `IBMid-${id}`, options, now()));
    },
    addServiceId(options: SubjectOptions = {}): Subject {
      return keep(subject('ServiceId', `iam-ServiceId-${randomUUID()}`, options, now()));
    },
    addTrustedProfile(options: ProfileOptions = {}): TrustedProfile {
      const base = subject('Profile', `iam-Profile-${randomUUID()}`, options, now());
      const profile = {
        ...base,
        crn: `crn:v1:bluemix:public:iam-identity::a/${base.accountId}::profile:${base.sub}`,
        assumableBy: options.assumableBy ?? [],
        computeTokens: options.computeTokens ?? [],
        ofInstance: options.ofInstance ?? false,
      };
      profiles.set(profile.iamId, profile);
      return keep(profile);
    },
    removeSubject({ iamId }: { readonly iamId: string }): boolean {
      profiles.delete(iamId);
      return subjects.delete(iamId);
    },
    subject: (iamId: string): Subject | undefined => subjects.get(iamId),
    subjects: (): readonly Subject[] => [...subjects.values()],
    trustedProfiles: (): readonly TrustedProfile[] => [...profiles.values()],
  };
}

export type Subjects = ReturnType<typeof createSubjects>;
