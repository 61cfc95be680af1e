import { randomUUID } from 'node:crypto';

/** The owner of a key or a token. */
export interface Subject {
  /** `IBMid-…`, `iam-ServiceId-…`, `iam-Profile-…`. */
  readonly iamId: string;
  /** `iamId` without `iam-`, also the `Profile-…` user name of the registry; the e-mail address of a user. */
  readonly sub: string;
  readonly type: 'User' | 'ServiceId' | 'Profile';
  readonly name: string;
  readonly description: string;
  /** In ISO 8601. */
  readonly createdAt: string;
  /** The claim `account.bss`. */
  readonly accountId: string;
  /** If set, each grant of this subject fails with BXNIM0400E. */
  readonly needsExternalAuthentication: boolean;
  /**
   * If set, only policies grant access, as for service IDs created over HTTP. Otherwise the subject has full access to
   * its account.
   */
  readonly ruledByPolicies: boolean;
}

/** A trusted profile and the identities that may use it. */
export interface TrustedProfile extends Subject {
  readonly crn: string;
  /** IAM IDs that may assume the profile. */
  readonly assumableBy: readonly string[];
  /** Values of `cr_token` that are accepted for the profile. */
  readonly computeTokens: readonly string[];
  /** Whether the profile is linked to the simulated VPC instance. */
  readonly ofInstance: boolean;
}

interface SubjectOptions {
  readonly name?: string;
  readonly accountId?: string;
  readonly description?: string;
  readonly needsExternalAuthentication?: boolean;
  readonly ruledByPolicies?: boolean;
}

type ProfileOptions = SubjectOptions &
  Partial<Pick<TrustedProfile, 'assumableBy' | 'computeTokens' | 'ofInstance'>>;

/** The account of subjects that are added without one. */
const defaultAccountId = '0a1b2c3d4e5f60718293a4b5c6d7e8f9';

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
