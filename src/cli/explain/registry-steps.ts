import { HelperError } from '../../errors.ts';
import { attempt } from '../../files/storage-error.ts';
import type { Found } from '../../identity/lookup.ts';
import { authorizeScope } from '../../registry/docker-exchange.ts';
import { scopeOf, tryPull, tryPush } from '../../registry/image-access.ts';
import { type Finding, ok, problem } from '../doctor/check.ts';
import { renewHint } from './credential-step.ts';
import { causeHint } from './refusal-hint.ts';
import type { Step } from './step.ts';

type NamedFinding = readonly [name: string, finding: Finding];

/** What the registry answered. */
export interface RegistryAnswer {
  /** Undefined if the pull or push is possible. */
  readonly error: HelperError | undefined;
  /** True if the registry did not accept the credential, for any image. */
  readonly isCredentialRefused: boolean;
  /** Returns the findings; `hint` is the hint for a refusal of this image. */
  readonly findings: (hint: string | undefined) => readonly NamedFinding[];
}

/** Less than the total, so that a registry that does not answer is reported. */
const timeoutMs = 10_000;

/**
 * Exchanges the credential for a token with the image's scope, and then tries what a pull or push begins with. Without a
 * credential, only a pull of a public image is possible.
 */
export async function askRegistry(step: Step, found: Found | undefined): Promise<RegistryAnswer> {
  const { context, image, isPush } = step;
  const scope = scopeOf(image, isPush);
  const deadline = context.now() + timeoutMs;
  const secrets: string[] = [];
  const header = await attempt(async () => {
    const credential = found && { Username: found.username, Secret: await found.secret() };
    if (credential !== undefined) secrets.push(credential.Secret);
    const { name, port } = image.host;
    const server = port === undefined ? name : `${name}:${port}`;
    return authorizeScope(context, server, credential, scope, deadline);
  });
  if (header instanceof HelperError) {
    const canRenew = header.code === 'refused' && found !== undefined;
    const renew = canRenew ? await renewHint(step, found) : header.hint;
    const cause = causeHint(step, header) ?? privateHint(step, header) ?? renew;
    return {
      error: header,
      isCredentialRefused: header.code === 'refused' && header.serviceCode !== 'DENIED',
      findings: (hint) => [['token', problem(`${scope}: ${header.message}`, hint ?? cause)]],
    };
  }
  if (header !== undefined) secrets.push(header);
  const request = isPush ? tryPush : tryPull;
  const error = await attempt(() => request(context, image, header ?? '', secrets, deadline));
  const token: NamedFinding = ['token', ok(`issued for ${scope}`)];
  if (!(error instanceof HelperError)) {
    const what = isPush ? 'accepts a push' : `serves ${image.reference}`;
    return {
      error: undefined,
      isCredentialRefused: false,
      findings: () => [token, ['registry', ok(`${image.host.name} ${what}`)]],
    };
  }
  return {
    error,
    isCredentialRefused: false,
    findings: (hint) => [
      token,
      ['registry', problem(error.message, hint ?? privateHint(step, error) ?? error.hint)],
    ],
  };
}

function privateHint({ image }: Step, { code }: HelperError): string | undefined {
  const { name } = image.host;
  if (code !== 'unreachable' || !name.startsWith('private.')) return undefined;
  return `use ${name.slice('private.'.length)}: private hosts can only be reached from inside IBM Cloud`;
}
