import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { requestJson } from '../http/request.ts';
import { textOf } from '../json-object.ts';
import { iamEndpoint } from './endpoint.ts';

/** The address at which a person gets a one-time passcode, from IAM's own description of itself. */
export async function passcodeEndpoint(
  context: Context,
  { endpoint, hint }: { readonly endpoint: string | undefined; readonly hint: string },
): Promise<string> {
  const base = iamEndpoint(context, endpoint);
  const answer = await requestJson(
    context,
    { method: 'GET', url: new URL(`${base}/identity/.well-known/openid-configuration`) },
    { service: 'IAM', owner: 'to describe itself', hint },
  );
  const address = URL.parse(textOf(answer, 'passcode_endpoint') ?? '');
  // It is opened in a browser, so it must be a page and nothing else.
  if (address?.protocol === 'https:') return address.href;
  throw new HelperError('unreachable', `IAM at ${base} does not say where passcodes are given out`);
}
