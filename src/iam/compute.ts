import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import type { AccessToken } from './access-token.ts';
import type { TokenOptions } from './token.ts';

/**
 * An access token for the trusted profile that this machine or pod may act as: by the token that the
 * platform put into a file, else by the metadata service. Throws `refused`, `unreachable`, `misconfigured`.
 */
export async function requestComputeToken(
  _context: Context,
  profile: string | undefined,
  _options: TokenOptions,
): Promise<AccessToken> {
  throw new HelperError('misconfigured', `nothing here vouches for trusted profile ${profile}`);
}
