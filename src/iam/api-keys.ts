import type { Context } from '../context.ts';
import { textOf } from './answer.ts';
import { iamEndpoint } from './endpoint.ts';
import { type CallOptions, requestJson } from './request.ts';

/** What IAM keeps about an API key; never the key itself. */
export interface ApiKeyDetails {
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly locked: boolean;
  /** When the key ends, in milliseconds since 1970, where it does. */
  readonly expiresAt?: number;
}

/** `GET /v1/apikeys/details`: IAM finds the key by its value, for whoever the access token is. Throws `refused` or `unreachable`. */
export async function apiKeyDetails(
  context: Context,
  apiKey: string,
  accessToken: string,
  options: Omit<CallOptions, 'service' | 'secret'> & { readonly endpoint?: string },
): Promise<ApiKeyDetails> {
  const url = new URL(`${iamEndpoint(context, options.endpoint)}/v1/apikeys/details`);
  const details = await requestJson(
    context,
    {
      method: 'GET',
      url,
      headers: { 'IAM-ApiKey': apiKey, Authorization: `Bearer ${accessToken}` },
    },
    { ...options, service: 'IAM', secret: apiKey },
  );
  const expiresAt = Date.parse(textOf(details, 'expires_at') ?? '');
  return {
    id: textOf(details, 'id'),
    name: textOf(details, 'name'),
    locked: details.locked === true,
    ...(Number.isNaN(expiresAt) ? {} : { expiresAt }),
  };
}
