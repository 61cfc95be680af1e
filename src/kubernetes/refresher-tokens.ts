import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { readProjectedToken } from '../iam/compute-token.ts';
import { requestToken } from '../iam/token-request.ts';
import { trustedProfile } from '../iam/trusted-profile.ts';
import { apiKeyIn } from '../identity/api-key-variable.ts';
import type { RequestToken } from './shared-tokens.ts';

interface TokenOptions {
  /** The file with the service account token of this pod for the audience of IAM. */
  readonly tokenFile: string;
  /** A file with an API key, instead of trusted profiles. */
  readonly apiKeyFile: string | undefined;
}

/**
 * Returns a function that requests an access token from IAM, without a cache. The function throws `misconfigured`, `storage`, `damaged`, `refused` or `unreachable`.
 */
export function tokenRequester(
  context: Context,
  { tokenFile, apiKeyFile }: TokenOptions,
): RequestToken {
  return async (profile) => {
    if (profile === undefined) {
      const apiKey = apiKeyIn('--api-key-file', `@${apiKeyFile}`);
      return requestToken(
        context,
        { kind: 'api-key', apiKey },
        { owner: `the API key in ${apiKeyFile}`, hint: 'replace the API key in the Secret' },
      );
    }
    const crToken = readProjectedToken([tokenFile]);
    if (crToken === undefined) throw noToken(tokenFile);
    const grant = { kind: 'compute-resource', crToken, profile: trustedProfile(profile) } as const;
    return requestToken(context, grant, {
      owner: `this pod as trusted profile ${profile}`,
      hint: `let ${profile} trust the service account of this pod`,
    });
  };
}

function noToken(file: string): HelperError {
  return new HelperError('misconfigured', `${file} does not exist`, {
    hint: 'mount a service account token with the audience iam there',
  });
}
