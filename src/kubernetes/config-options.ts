import { invalidInput } from '../errors.ts';
import { requireIdentityName } from '../identity/identities.ts';
import { requireProfile, requireProfileIdOrCrn } from '../identity/profile.ts';
import type { ProvideOptions } from './provide.ts';

export interface ConfigOptions extends ProvideOptions {
  /** The kubelet does not call the provider for pods whose service account is not annotated. */
  readonly requireAnnotation?: boolean;
  /** The address of another IAM than the public one. */
  readonly iamEndpoint?: string;
  /** A file on the node with the API key of all nodes. */
  readonly apiKeyFile?: string;
}

/** The user names of the registry, without those of trusted profiles. */
const userNames = ['iamapikey', 'iambearer', 'iamrefresh', 'token', 'cp'];
const defaultAudience = 'iam';

/** A combination that is ignored or fails every pull: whether it is given, its description, and the resolution. */
type Conflict = readonly [isFound: unknown, problem: string, hint: string];

/**
 * Throws `invalid-input` for options whose combination is ignored in part or fails every pull: the kubelet would report it
 * on the nodes only, one pull after the other.
 */
export function requireConsistent(options: ConfigOptions): void {
  const { identity, present, audience, trustedProfile, nodeProfile } = options;
  if (identity !== undefined) requireIdentityName(identity);
  if (present !== undefined) requireUserName(present);
  requireAudience(audience);
  if (trustedProfile !== undefined) requireProfile(trustedProfile);
  if (nodeProfile !== undefined) requireProfileIdOrCrn(nodeProfile);
  const conflicts = [...podConflicts(options), ...nodeConflicts(options)];
  const found = conflicts.find(([isFound]) => isFound);
  if (found !== undefined) throw invalidInput(found[1], found[2]);
}

function podConflicts(options: ConfigOptions): Conflict[] {
  const { serviceAccounts, trustedProfile, requireAnnotation, allowNodeIdentity } = options;
  const onlyPods = {
    '--trusted-profile': trustedProfile !== undefined,
    '--require-annotation': requireAnnotation,
    '--allow-node-identity': allowNodeIdentity,
    '--audience': options.audience !== defaultAudience,
  };
  const together = (name: string): Conflict[2] => `use --require-annotation or ${name}, not both`;
  return [
    ...Object.entries(onlyPods).map(
      ([name, isGiven]): Conflict => [
        isGiven && !serviceAccounts,
        `${name} requires --service-accounts`,
        `add --service-accounts, or remove ${name}`,
      ],
    ),
    [
      requireAnnotation && trustedProfile !== undefined,
      '--require-annotation and --trusted-profile cannot be used together',
      together('--trusted-profile'),
    ],
    [
      requireAnnotation && allowNodeIdentity,
      '--require-annotation and --allow-node-identity cannot be used together',
      together('--allow-node-identity'),
    ],
  ];
}

/** Exactly one option may choose the identity of the node, and it must be used. */
function nodeConflicts(options: ConfigOptions): Conflict[] {
  const { identity, nodeProfile, present, apiKeyFile } = options;
  const chosen = [
    ...(identity === undefined ? [] : ['--identity']),
    ...(nodeProfile === undefined ? [] : ['--node-profile']),
    ...(apiKeyFile === undefined ? [] : ['--api-key-secret']),
  ];
  const ofNode = [...chosen, ...(present === undefined ? [] : ['--present'])];
  const isNodeUsed = !options.serviceAccounts || options.allowNodeIdentity;
  return [
    [
      chosen.length > 1,
      `${chosen.join(' and ')} cannot be used together`,
      `use ${chosen.join(' or ')}`,
    ],
    [
      !isNodeUsed && ofNode.length > 0,
      `${ofNode[0]} is for the identity of the node, and pods use their own`,
      `add --allow-node-identity, or remove ${ofNode[0]}`,
    ],
    [
      nodeProfile !== undefined && present !== undefined && present !== 'iambearer',
      `a trusted profile cannot be presented as ${present}`,
      'use --present iambearer, or remove --present',
    ],
    [
      apiKeyFile !== undefined && present !== undefined && present !== 'iamapikey',
      `the API key in a Secret cannot be presented as ${present}`,
      'remove --present',
    ],
  ];
}

function requireUserName(text: string): void {
  if (userNames.includes(text) || /^Profile-[\w-]{1,100}$/.test(text)) return;
  throw invalidInput(
    'invalid --present',
    `use ${userNames.join(', ')}, or the ID of a trusted profile`,
  );
}

function requireAudience(text: string): void {
  // In the ClusterRole, * would allow tokens of every audience.
  if (/^[\x21-\x7e]+$/.test(text) && !text.includes('*')) return;
  throw invalidInput('invalid --audience', `use --audience ${defaultAudience}`);
}
