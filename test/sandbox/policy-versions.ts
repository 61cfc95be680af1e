import { asObject } from './exchange.ts';
import { shownPolicy } from './identity-answers.ts';
import type { Policy } from './policies.ts';

/** Returns true for a policy that only version 2 of the API can show. */
export function isVersion2({ shown = {} }: Policy): boolean {
  return ['control', 'resource', 'rule', 'pattern'].some((name) => Object.hasOwn(shown, name));
}

const note =
  '**This is a unsupported policy version placeholder, to view the full content, please call GET with provided href**';

/** Returns what version 1 of the API lists for a policy of version 2 (IBM's documentation, "Known issues"). */
export function placeholder({ id, accountId }: Policy): object {
  return {
    id,
    type: 'access',
    description: note,
    subjects: [{ attributes: [{ name: 'iam_id', value: 'unsupported version' }] }],
    roles: [
      {
        role_id: 'crn:v1:bluemix:public:iam::::role:UnsupportedVersion',
        display_name: 'Unsupported Version',
        description: note,
      },
    ],
    resources: [{ attributes: [{ name: 'accountId', value: accountId }] }],
    href: `https://iam.cloud.ibm.com/v2/policies/${id}`,
  };
}

/** Returns a policy of either version in the form of version 2. */
export function shownAsVersion2(policy: Policy): object {
  const { subjects, roles, resources, ...rest } = asObject(shownPolicy(policy)) ?? {};
  return {
    ...rest,
    subject: changed(subjects),
    resource: rest.resource ?? changed(resources),
    control: rest.control ?? { grant: { roles } },
  };
}

/** Renames `name` of the attributes and tags of the only element to `key`. */
function changed(list: unknown): object | undefined {
  const only = asObject(Array.isArray(list) ? list[0] : undefined);
  if (only === undefined) return undefined;
  const renamed = (each: unknown) => {
    const { name, ...rest } = asObject(each) ?? {};
    return { key: name, operator: 'stringEquals', ...rest };
  };
  return Object.fromEntries(
    Object.entries(only).map(([member, value]) => [
      member,
      Array.isArray(value) ? value.map(renamed) : value,
    ]),
  );
}
