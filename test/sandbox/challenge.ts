/**
 * The form of the challenge. The documented challenge of cp.icr.io is unquoted. By RFC 9110 an unquoted value ends at a
 * colon: docker, podman and skopeo parse the `realm` as `https` and fail. For real clients, the challenge must be
 * quoted.
 */
export type ChallengeForm = 'quoted' | 'unquoted';

/** Returns the value of `WWW-Authenticate`. The realm is on the requested host. */
export function challenge(form: ChallengeForm, host: string, scope?: string): string {
  const quote = form === 'quoted' ? '"' : '';
  const parameters = {
    realm: `https://${host}/oauth/token`,
    service: 'registry',
    ...(scope !== undefined && { scope }),
  };
  const texts = Object.entries(parameters).map(
    ([name, value]) => `${name}=${quote}${value}${quote}`,
  );
  return `Bearer ${texts.join(form === 'quoted' ? ',' : ', ')}`;
}
