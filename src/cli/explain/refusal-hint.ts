import type { HelperError } from '../../errors.ts';
import { regionOf } from '../../registry/regions.ts';
import { shellQuoted } from '../../visible.ts';
import type { Step } from './step.ts';

/** What is known of the account; members are undefined if it cannot be read. */
export interface AccountState {
  readonly account?: string;
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
  [/private[- ]only/i, privateHint],
  [/storage quota/i, (step) => quotaHint(step, 'storage')],
  [/traffic quota/i, (step) => quotaHint(step, 'traffic')],
  [/quota/i, quotaHint],
  [/\bIP address|\ballow(?:ed )?list|\bwhitelist|\ballowed (?:IP|address)/i, () => allowlistHint],
  [/context[- ]based/i, () => contextHint],
];

/** Returns the hint for a refusal whose text names the cause, such as a quota or an address that is not allowed. */
export function causeHint(step: Step, { serviceText = '' }: HelperError): string | undefined {
  return texts.find(([pattern]) => pattern.test(serviceText))?.[1](step);
}

/** Returns the hint for the registry's refusal of an image; undefined if it did not refuse. */
export function refusalHint(
  step: Step,
  refusal: HelperError | undefined,
  state: AccountState,
): string | undefined {
  if (refusal === undefined) return undefined;
  const { image, isPush } = step;
  const { name, namespace } = image.host;
  const { serviceCode, serviceText = '' } = refusal;
  // The limits of this account do not apply to the namespaces of others.
  if (state.isOwn === false && /quota/i.test(serviceText)) {
    return `ask the owner of ${namespace} to increase the quota`;
  }
  const cause = causeHint(step, refusal);
  if (cause !== undefined) return cause;
  if (state.isOwn === false && serviceCode === 'MANIFEST_UNKNOWN') {
    const tags = `skopeo list-tags ${shellQuoted(`docker://${name}/${image.repository}`)}`;
    return `check the tag, for example with ${tags}`;
  }
  const map =
    step.context.identity === undefined
      ? `docker-credential-icr map ${shellQuoted(name)} IDENTITY`
      : `docker-credential-icr configure --identity IDENTITY --host ${shellQuoted(name)}`;
  if (state.isOwn === false) {
    const add = `ibmcloud cr namespace-add ${namespace}`;
    return `run ${map} with an identity of the account that owns ${namespace}, or ${add}`;
  }
  if (state.isPrivateOnly && !name.startsWith('private.')) return privateHint(step);
  if (state.isOverQuota) return quotaHint(step);
  if (isMissing(refusal) && !isPush) {
    return `${registryCommand(step, `image-list --restrict ${shellQuoted(namespace)}`)} to see the images and tags`;
  }
  // IBM's text for a missing policy and for a context-based restriction is the same: "insufficient scope".
  if (state.policyHint === undefined) return contextHint;
  if (state.isOwn === true || state.account === undefined) return state.policyHint;
  return `${state.policyHint} if account ${state.account} owns ${namespace}; otherwise ${map} with an identity of its owner`;
}

/** Returns true if the registry answered that the image, its tag or its namespace does not exist. */
export function isMissing({ serviceCode }: HelperError): boolean {
  return serviceCode === 'NAME_UNKNOWN' || serviceCode === 'MANIFEST_UNKNOWN';
}

export function privateHint(step: Pick<Step, 'image'>): string {
  const { name } = step.image.host;
  return `use private.${name} from inside IBM Cloud, or ${registryCommand(step, 'private-only --off')}`;
}

/** On the free plan, a quota cannot be increased. A push needs storage, and a pull traffic. */
export function quotaHint(
  step: Step,
  kind: 'storage' | 'traffic' = step.isPush ? 'storage' : 'traffic',
): string {
  const first =
    kind === 'storage' ? 'delete images with ibmcloud cr image-rm' : 'wait for the next month';
  const set = registryCommand(step, `quota-set --${kind} MEGABYTES`);
  return `${first}, or ${set}, on the free plan after ibmcloud cr plan-upgrade standard`;
}

/** The ibmcloud CLI sends these commands to the region that was selected last. */
export function registryCommand({ image }: Pick<Step, 'image'>, command: string): string {
  const region = regionOf(image.host.name);
  const select = region === undefined ? '' : `ibmcloud cr region-set ${region} && `;
  return `run ${select}ibmcloud cr ${command}`;
}
