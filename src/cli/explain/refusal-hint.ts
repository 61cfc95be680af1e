import type { HelperError } from '../../errors.ts';
import { shellQuoted } from '../../visible.ts';
import type { Step } from './step.ts';

/** What is known of the account; members are undefined if it cannot be read. */
export interface AccountState {
  /** The hint of the missing policy. */
  readonly policyHint?: string | undefined;
  /** False if the namespace does not belong to the account. */
  readonly isOwn?: boolean | undefined;
  readonly isOverQuota?: boolean;
  readonly isPrivateOnly?: boolean;
}

const allowlistHint =
  "add the address of this machine to the allowed IP addresses at https://cloud.ibm.com/iam/settings and in the user's settings";
const contextHint =
  'check the rules for container-registry at https://cloud.ibm.com/context-based-restrictions/rules';

/**
 * IBM's registry has the same error code (`DENIED` or `UNAUTHORIZED`) for all these refusals; only the text differs. A
 * text that is not recognized still gets a hint that follows from the account's state.
 */
const texts: readonly (readonly [pattern: RegExp, hint: (step: Step) => string])[] = [
  [/private[- ]only/i, ({ image }) => privateHint(image.host.name)],
  [/quota/i, (step) => quotaHint(step)],
  [/\bIP address|\ballow(?:ed )?list|\bwhitelist|\ballowed (?:IP|address)/i, () => allowlistHint],
  [/context[- ]based/i, () => contextHint],
];

/** Returns the hint for the registry's refusal of an image; undefined if it did not refuse. */
export function refusalHint(
  step: Step,
  refusal: HelperError | undefined,
  state: AccountState,
): string | undefined {
  if (refusal === undefined) return undefined;
  const { image, isPush } = step;
  const { name, namespace } = image.host;
  const [, hint] = texts.find(([pattern]) => pattern.test(refusal.serviceText ?? '')) ?? [];
  if (hint !== undefined) return hint(step);
  if (state.isPrivateOnly && !name.startsWith('private.')) return privateHint(name);
  if (state.isOverQuota) return quotaHint(step);
  if (state.isOwn === false) {
    const map = `docker-credential-icr map ${shellQuoted(name)} IDENTITY`;
    const add = `ibmcloud cr namespace-add ${namespace}`;
    return `run ${map} with an identity of the account that owns ${namespace}, or ${add}`;
  }
  if (isMissing(refusal) && !isPush) {
    return `run ibmcloud cr image-list --restrict ${shellQuoted(namespace)} to see the images and tags`;
  }
  // IBM's text for a missing policy and for a context-based restriction is the same: "insufficient scope".
  return state.policyHint ?? contextHint;
}

/** Returns true if the registry answered that the image, its tag or its namespace does not exist. */
export function isMissing({ serviceCode }: HelperError): boolean {
  return serviceCode === 'NAME_UNKNOWN' || serviceCode === 'MANIFEST_UNKNOWN';
}

export function privateHint(host: string): string {
  return `use private.${host} from inside IBM Cloud, or run ibmcloud cr private-only --off`;
}

export function quotaHint({ isPush }: Step): string {
  return isPush
    ? 'delete images with ibmcloud cr image-rm, or run ibmcloud cr quota-set --storage MEGABYTES'
    : 'wait for the next month, or run ibmcloud cr quota-set --traffic MEGABYTES';
}
